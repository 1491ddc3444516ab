"""What a worker puts in order when it starts and from time to time: what others left behind when they died."""

from __future__ import annotations

import contextlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.core.locks import try_hold
from hellotutor.documents.local_copies import sweep_local_copies
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.claim import end_dead_claims
from hellotutor.ingestion.holders import forget_holders
from hellotutor.ingestion.tasks import remove_what_is_due, request_unfinished
from hellotutor.ingestion.workers import end_abandoned

_LOCK_LIFE_S = 86_400.0


def sweep() -> None:
    """Take up the work of workers that are gone, and remove what nobody needs any more."""
    end_abandoned()
    request_unfinished()
    remove_what_is_due()
    with contextlib.suppress(Unavailable):  # its folder can't be used: whoever needs a copy is told
        sweep_local_copies(lambda: DocumentVersion.objects.values_list("storage_key", flat=True).iterator())
    end_dead_claims()
    forget_holders()
    call_command("prune_db_task_results", verbosity=0)
    _remove_old_locks()


def _remove_old_locks() -> None:
    """Remove the locks of sessions' questions that are a day old and free; whoever needs one makes it anew."""
    for path in (settings.DATA_DIR / "locks").glob("*.writing.lock"):
        if _is_old(path) and (lock := try_hold(path)):
            with contextlib.suppress(PermissionError):  # Windows removes no open file
                path.unlink(missing_ok=True)  # while it is held: who waits for it sees that the name has gone
            lock.release()


def _is_old(path: Path) -> bool:
    try:
        return clock.now().timestamp() - path.stat().st_mtime > _LOCK_LIFE_S
    except FileNotFoundError:  # another worker removed it
        return False
