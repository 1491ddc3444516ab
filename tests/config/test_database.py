"""What a commit promises."""

from __future__ import annotations

import pytest
from django.db import connection

_FULL = 2  # sqlite.org/pragma.html#pragma_synchronous


@pytest.mark.django_db
def test_a_commit_is_on_the_disk_before_it_is_acknowledged() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("Postgres does so unless it is told otherwise")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone() == (_FULL,)
