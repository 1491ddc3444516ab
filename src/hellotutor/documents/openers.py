"""Which process a file of the cache belongs to, so that what one that died has left is known as nobody's."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable
from pathlib import Path

from hellotutor.core.locks import try_hold
from hellotutor.core.presence import Presence


class Openers:
    """The processes of this machine that share a cache; each has a name in it."""

    def __init__(self, folder: Path) -> None:
        """Know the processes by their locks.

        Args:
            folder: where these lie; made when first needed.
        """
        self._folder = folder
        self._presence = Presence(folder, "opener")

    def new_name(self, subject: str) -> str:
        """Return a new file name, `<subject>.<this process>.<any>`.

        Args:
            subject: what the file is about; without a dot.

        Raises:
            Unavailable: the lock of this process can't be made (`lock_unusable`).
        """
        return f"{subject}.{self._presence.own_name()}.{uuid.uuid4().hex}"

    def remove_ownerless(self, folders: Iterable[Path]) -> None:
        """Remove the files of processes that are gone, and what has another name; raises as `new_name`."""
        lives: dict[str, bool] = {self._presence.own_name(): True}
        for path in [path for folder in folders if folder.exists() for path in folder.iterdir()]:
            opener = path.name.partition(".")[2].partition(".")[0]
            if opener not in lives:
                lives[opener] = self._presence.lives(opener)
            if not lives[opener]:
                remove_file(path)

    def remove_free_locks(self) -> None:
        """Remove the locks that nobody has; call it when the files of those that are gone have been removed."""
        own = self._presence.path_of(self._presence.own_name())
        for path in self._folder.glob("*.lock"):
            if path != own and (lock := try_hold(path)):
                remove_file(path)  # while it is held: who waits for it sees that the name has gone
                lock.release()


def remove_file(path: Path) -> None:
    """Remove a file, if it is there and the system lets one."""
    with contextlib.suppress(FileNotFoundError, PermissionError):  # removed by another process, or in use on Windows
        path.unlink()
