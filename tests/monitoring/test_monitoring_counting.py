from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from tests.monitoring.kent_sink import run_program

from hellotutor.core import clock
from hellotutor.monitoring import count, counts
from hellotutor.monitoring.models import Counter


@pytest.mark.django_db
def test_it_adds_up_what_happened_today() -> None:
    count("unreadable_file")
    count("unreadable_file", 2)
    count("too_large")
    assert counts(1) == {"unreadable_file": 3, "too_large": 1}
    assert Counter.objects.count() == 2


@pytest.mark.django_db
def test_it_sums_the_days_asked_for_and_no_others() -> None:
    today = clock.now().date()
    for age in range(4):
        Counter.objects.create(name="too_large", day=today - timedelta(days=age), count=10**age)
    assert counts(1) == {"too_large": 1}
    assert counts(3) == {"too_large": 111}


@pytest.mark.django_db
def test_a_day_has_one_row_for_each_name() -> None:
    count("too_large")
    with pytest.raises(IntegrityError), transaction.atomic():
        Counter.objects.create(name="too_large", day=clock.now().date())


@pytest.mark.django_db
def test_a_row_that_another_process_makes_meanwhile_is_added_to() -> None:
    made: list[Counter] = []

    def make_it_after_the_first_update(execute: Any, sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if sql.startswith("UPDATE") and not made:
            made.append(Counter(name="too_large", day=clock.now().date(), count=5))
            made[0].save(force_insert=True)
        return result

    with connection.execute_wrapper(make_it_after_the_first_update):
        count("too_large", 2)
    assert counts(1) == {"too_large": 7}


def test_no_count_is_lost_between_threads(tmp_path: Path) -> None:
    ended = run_program("count_in_threads", str(tmp_path / "counts.sqlite3"))
    assert ended.returncode == 0, ended.stderr
    total, expected = ended.stdout.split()
    assert total == expected
