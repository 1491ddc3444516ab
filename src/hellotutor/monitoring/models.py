"""How often something expected went wrong: a number a day, and nothing of whom it happened to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Sum


class CounterManager(models.Manager["Counter"]):
    """Adds to counters and reads them."""

    def add(self, name: str, day: date, n: int) -> None:
        """Add `n` to a day's count, safe beside other processes."""
        today = self.filter(name=name, day=day)
        if today.update(count=F("count") + n):
            return
        _, is_created = self.get_or_create(name=name, day=day, defaults={"count": n})
        if not is_created:  # another process made the row between the two
            today.update(count=F("count") + n)

    def totals(self, last_day: date, days: int) -> dict[str, int]:
        """Return the sums over `days` days up to `last_day`, most frequent first."""
        rows = self.filter(day__gt=last_day - timedelta(days=days), day__lte=last_day).values("name")
        return {row["name"]: row["total"] for row in rows.annotate(total=Sum("count")).order_by("-total", "name")}


class Counter(models.Model):
    """How often `name` happened on `day` (UTC)."""

    name = models.CharField(max_length=100)
    day = models.DateField()
    count = models.PositiveBigIntegerField(default=0)

    objects: ClassVar[CounterManager] = CounterManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="counter_name_day_unique")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}: {self.count}"
