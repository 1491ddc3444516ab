"""Watches what a tree of processes takes, memory and time, so that a child that reads a file counts with its parent."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field

import psutil

_EVERY_S = 0.05
_MB = 1e6


@dataclass(slots=True)
class TreeWatch:
    """Samples memory and computing time of processes and all below them, from a thread, as long as the context lasts.

    Pages that processes share count in each of them: the sum is never less than what the tree takes.

    Attributes:
        roots: the process numbers whose trees are watched.
        peak_bytes: the most that all took together.
        root_peak_bytes: the most that one root took.
        child_peak_bytes: the most that one process below a root took.
        cpu_s: what the trees have computed so far, children that ended included.
    """

    roots: list[int] = field(default_factory=list)
    peak_bytes: int = 0
    root_peak_bytes: int = 0
    child_peak_bytes: int = 0
    cpu_s: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> TreeWatch:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def peaks_mb(self) -> dict[str, float]:
        """Return the three peaks in MB."""
        peaks = {"tree": self.peak_bytes, "root": self.root_peak_bytes, "child": self.child_peak_bytes}
        return {f"{name}_mb": round(size / _MB) for name, size in peaks.items()}

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            children = [child for root in self.roots for child in _below(root)]
            root_bytes = [_resident(root) for root in self.roots]
            child_bytes = [_resident(child) for child in children]
            self.peak_bytes = max(self.peak_bytes, sum(root_bytes) + sum(child_bytes))
            self.root_peak_bytes = max(self.root_peak_bytes, *root_bytes, 0)
            self.child_peak_bytes = max(self.child_peak_bytes, *child_bytes, 0)
            self.cpu_s = max(self.cpu_s, sum(map(_computed_s, [*self.roots, *children])))


def _below(root: int) -> list[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(root).children(recursive=True) if child.pid != os.getpid()]
    return []


def _resident(pid: int) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _computed_s(pid: int) -> float:
    """Return the seconds that a process and its ended children have computed; 0 once it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
