"""Which services run over this data folder: each holds the lock of a file that lies beside its address."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from hellotutor.config.settings import get_settings
from hellotutor.core.locks import try_hold


@contextlib.contextmanager
def register_service(base: str) -> Iterator[None]:
    """Let other commands over the data folder know of the service at this address, for as long as the context lasts."""
    path = get_settings().data_dir / "locks" / f"service-{uuid.uuid4().hex}.lock"
    lock = try_hold(path)
    address = path.with_suffix(".url")
    address.write_text(base, encoding="utf-8")
    try:
        yield
    finally:
        address.unlink(missing_ok=True)
        if lock:
            lock.release()
        path.unlink(missing_ok=True)


def list_services() -> list[str]:
    """Return the addresses of the services that run, the newest first; what dead ones left is removed."""
    addresses = sorted((get_settings().data_dir / "locks").glob("service-*.url"), key=lambda path: path.stat().st_mtime)
    running: list[str] = []
    for address in reversed(addresses):
        path = address.with_suffix(".lock")
        if lock := try_hold(path):
            lock.release()
            path.unlink(missing_ok=True)
            address.unlink(missing_ok=True)
        else:
            running.append(address.read_text(encoding="utf-8"))
    return running
