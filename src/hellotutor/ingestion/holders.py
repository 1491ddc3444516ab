"""Which process holds a claim, so that the claim of one that died on this machine is free at once.

Where a name is unknown here, its process runs, or ran, on another machine: then its lease alone decides.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from hellotutor.core.presence import Presence
from hellotutor.documents.models import DocumentVersion


def holder_id() -> str:
    """Return the name under which this process claims; the same until the process ends.

    Raises:
        Unavailable: its file can't be made (`lock_unusable`).
    """
    return _presence().own_name()


def is_gone(holder: str) -> bool:
    """Say whether a process died on this machine that claimed under this name; False where that isn't known."""
    return _presence().has_died(holder)


def forget_holders() -> None:
    """Remove the files of processes that died and hold no lease any more, which their files make known as free."""
    leased = DocumentVersion.objects.filter(lease_until__isnull=False).values_list("claimed_by", flat=True)
    _presence().forget_dead(needed=set(leased.distinct()))


def _presence() -> Presence:
    return _presence_in(Path(settings.DATA_DIR) / "locks")


@cache
def _presence_in(folder: Path) -> Presence:  # the tests have several
    return Presence(folder, "holder")
