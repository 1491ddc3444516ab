"""Static files: put where they are served from, before the service starts."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from hellotutor.core.locks import hold

from .settings import get_settings


def collect_static() -> None:
    """Put the static files where they are served from, when they have changed."""
    root = get_settings().data_dir / "static"
    stamp, wanted = root / ".collected", _digest_static()
    if not _holds(stamp, wanted):
        with hold(get_settings().data_dir / "locks" / "static.lock"):
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.write_text(wanted)


def _digest_static() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(path.encode())
            with storage.open(path) as file:
                digest.update(file.read())
    return digest.hexdigest()


def _holds(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted
