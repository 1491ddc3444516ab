"""A learner in a process of its own: uploads a document and asks about it; prints JSON of when each thing was there."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hellotutor.config.startup import migrate, start
from hellotutor.core.errors import Invalid

if TYPE_CHECKING:
    from hellotutor.accounts.models import User
    from hellotutor.documents.models import DocumentVersion

_POLL_S = 0.01
_LONGEST_S = 3600
# Reading and asking about these few sentences loads every model, in the worker and here.
_WARM_UP = (
    "# Osmosis\n\nOsmosis is the movement of water through a membrane. The membrane lets water pass and holds "
    "back what is dissolved in it. Photosynthesis turns light into chemical energy that a plant keeps as sugar. "
    "The hippocampus keeps a memory for weeks before the cortex takes it over.\n"
)


def main() -> None:
    """Print one JSON object: when the learner was ready (of the monotonic clock), and seconds from the upload on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--warm", action="store_true", help="have a few sentences read and asked about before")
    parser.add_argument("--until", choices=("question", "indexed"), default="indexed")
    options = parser.parse_args()
    start()
    migrate()
    # needs Django set up
    from hellotutor.cli.learner import local_user

    owner = local_user()
    if options.warm:
        _warm_up(owner)
    ready_at = time.monotonic()
    print(json.dumps({"ready_at": ready_at, **_study(owner, options.file, until=options.until)}))


def _warm_up(owner: User) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm-up.md"
        path.write_text(_WARM_UP, encoding="utf-8")
        _study(owner, path, until="indexed")


def _study(owner: User, file: Path, *, until: str) -> dict[str, Any]:
    """Upload a file as a page or the API does; return the seconds until each thing could be seen in the database."""
    from hellotutor.config.uploads import receive_file

    uploaded = time.monotonic()
    version = receive_file(owner=owner, path=file, filename=file.name).version
    seen: dict[str, float] = {"received_s": time.monotonic() - uploaded}
    while ("question_s" not in seen or (until == "indexed" and "indexed_s" not in seen)) and not _is_late(uploaded):
        version.refresh_from_db()
        _note(seen, version, uploaded)
        if "question_s" not in seen and version.passages_read and _asks(owner, version):
            seen["question_s"] = time.monotonic() - uploaded
        time.sleep(_POLL_S)
    counts = {name: getattr(version, name) for name in ("pages_read", "passages_read", "passages_embedded")}
    return {**seen, **counts, "status": str(version.status)}


def _is_late(uploaded: float) -> bool:
    return time.monotonic() - uploaded > _LONGEST_S


def _note(seen: dict[str, float], version: DocumentVersion, uploaded: float) -> None:
    """Keep when each thing was seen first.

    Raises:
        SystemExit: the document failed.
    """
    if version.status == version.Status.FAILED or version.error_code:
        raise SystemExit(f"{version.filename} failed: {version.error_code} {version.error_message}")
    happened = {
        "begun_s": version.status != version.Status.QUEUED,
        "first_passage_s": version.passages_read > 0,
        "read_s": version.is_read,
        "indexed_s": version.status == version.Status.INDEXED,
    }
    for name, has_happened in happened.items():
        if has_happened:
            seen.setdefault(name, time.monotonic() - uploaded)


def _asks(owner: User, version: DocumentVersion) -> bool:
    """Start a session as the API does; return whether it has a question: the first pages alone may hold none."""
    from hellotutor.config import composition
    from hellotutor.tutoring.selectors import Scope
    from hellotutor.tutoring.services import start_session
    from hellotutor.tutoring.sittings import next_question

    tutor = composition.tutor()
    session = start_session(owner=owner, versions=[version], count=5, scope=Scope(), tutor=tutor, seed=1)
    try:
        return next_question(session=session, tutor=tutor, search=composition.search()) is not None
    except Invalid:  # too few pages so far: tried again
        return False


if __name__ == "__main__":
    main()
