"""What a worker puts in order from time to time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from hellotutor.cli.sweeping import sweep
from hellotutor.core.locks import hold

pytestmark = pytest.mark.django_db


def make_old(name: str) -> Path:
    """Make a lock's file that is two days old."""
    path = Path(django_settings.DATA_DIR) / "locks" / name
    with hold(path):
        pass
    two_days_ago = path.stat().st_mtime - 2 * 86_400
    os.utime(path, (two_days_ago, two_days_ago))
    return path


def test_an_old_lock_of_a_sessions_questions_is_removed_when_it_is_free() -> None:
    old, other, held = make_old("old.writing.lock"), make_old("a-document.lock"), make_old("held.writing.lock")
    young = old.with_name("young.writing.lock")
    young.touch()
    with hold(held):
        sweep()
        assert [path.exists() for path in (old, other, held, young)] == [False, True, True, True]
