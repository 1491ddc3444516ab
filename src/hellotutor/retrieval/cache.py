"""A cache bounded in bytes, so that many open documents never fill the memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")
Key = tuple[str, ...]


class ByteCache(Generic[Value]):
    """Keeps the values last used; safe to share between threads.

    Args:
        max_bytes: most bytes kept; a value larger than this is not kept at all.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the value, or None when it was never kept or has made room for others."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep a value, and let go of those unused for longest until all fit."""
        with self._lock:
            self._remove(key)
            if size_bytes > self._max_bytes:
                return
            self._kept[key] = value, size_bytes
            self._bytes += size_bytes
            while self._bytes > self._max_bytes:
                self._remove(next(iter(self._kept)))

    def drop(self, *prefixes: Key) -> None:
        """Forget every key that starts with one of these."""
        wanted, lengths = set(prefixes), {len(prefix) for prefix in prefixes}
        with self._lock:
            for key in [key for key in self._kept if any(key[:length] in wanted for length in lengths)]:
                self._remove(key)

    @property
    def size_bytes(self) -> int:
        """Bytes kept now."""
        return self._bytes

    def _remove(self, key: Key) -> None:
        _, size_bytes = self._kept.pop(key, (None, 0))
        self._bytes -= size_bytes
