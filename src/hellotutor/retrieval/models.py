"""Which sets of vectors there are: those in force, those that are being made to follow them, those that are to go."""

from __future__ import annotations

from django.db import models

from hellotutor.core import clock
from hellotutor.retrieval.base import IndexStamp


class VectorSet(models.Model):
    """The vectors of one stamp in one place; its row is there before the first of them, until the last has gone.

    Attributes:
        place: where they lie, as `VectorIndex.place` says.
        model: what made them: with `version` and `dimensions` their stamp.
        state: search asks those in force, and workers add to these; one set at most is.
        since: when it came into that state.
    """

    class State(models.TextChoices):
        """What becomes of a set."""

        BUILDING = "building"
        IN_FORCE = "in_force"
        RETIRED = "retired"

    place = models.CharField(max_length=120)
    model = models.CharField(max_length=200)
    version = models.CharField(max_length=60)
    dimensions = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "model", "version", "dimensions"], name="vector_set_unique"),
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="in_force"), name="one_vector_set_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.version}, {self.dimensions} dimensions) in {self.place}"

    @property
    def stamp(self) -> IndexStamp:
        """What made them."""
        return IndexStamp(self.model, self.version, self.dimensions)
