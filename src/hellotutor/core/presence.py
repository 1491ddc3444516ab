"""Which processes of a machine live, by names that others can ask about after they died.

Each process holds the lock of a file of its own, which the system frees when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections.abc import Container
from pathlib import Path

from filelock import FileLock

from .locks import try_hold


class Presence:
    """The processes that name themselves in one folder."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Know the processes by their locks.

        Args:
            folder: where these lie; made when first needed.
            kind: what their files' names begin with.
        """
        self._folder, self._kind = folder, kind
        self._held: dict[int, tuple[str, FileLock]] = {}  # by process: a fork is another one
        self._guard = threading.Lock()

    def own_name(self) -> str:
        """Return the name of this process, the same until it ends.

        Raises:
            Unavailable: its file can't be made (`lock_unusable`).
        """
        with self._guard:
            while os.getpid() not in self._held:  # another process that tidies up may have the new file for a moment
                name = uuid.uuid4().hex
                if lock := try_hold(self.path_of(name)):
                    self._held = {os.getpid(): (name, lock)}
            return self._held[os.getpid()][0]

    def has_died(self, name: str) -> bool:
        """Say whether a process had this name here and ended; False where that isn't known, as of another machine's."""
        path = self.path_of(name)
        if not path.exists():
            return False
        lock = try_hold(path)
        if lock is None:
            return False
        lock.release()
        return True

    def lives(self, name: str) -> bool:
        """Say whether a process has this name here now."""
        return self.path_of(name).exists() and not self.has_died(name)

    def forget_dead(self, needed: Container[str] = ()) -> None:
        """Remove the files of processes that ended, but for those whose names are `needed` to know that they did."""
        for path in self._folder.glob(f"{self._kind}-*.lock"):
            if path.stem.removeprefix(f"{self._kind}-") not in needed and (lock := try_hold(path)):
                with contextlib.suppress(PermissionError):  # Windows removes no open file
                    path.unlink(missing_ok=True)  # while it is held: who waits for it sees that the name has gone
                lock.release()

    def path_of(self, name: str) -> Path:
        """Return where the file of a process is, or would be."""
        return self._folder / f"{self._kind}-{name}.lock"
