"""Many small arrays in one, read many times as fast as a zip of them: a library may have thousands of such files."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = np.dtype("<u4")  # the check sum of what follows, and the length of the table
_ALIGNED = 8


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    """Return flat arrays of numbers as bytes: check sum, length of the table, the table as JSON, the arrays."""
    table = json.dumps([[name, one.dtype.str, len(one)] for name, one in arrays.items()]).encode()
    table += b" " * (-len(table) % _ALIGNED)
    parts = [table]
    for one in arrays.values():
        content = np.ascontiguousarray(one).tobytes()
        parts.append(content + b"\0" * (-len(content) % _ALIGNED))
    packed = b"".join(parts)
    head = np.array([zlib.crc32(packed), len(table)], dtype=_NUMBERS).tobytes()
    return np.frombuffer(head + packed, dtype=np.uint8)


def unpack_arrays(packed: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Return the arrays, which share the memory of `packed`.

    Raises:
        ValueError: it isn't what `pack_arrays` returned.
    """
    if packed.dtype != np.uint8 or packed.ndim != 1 or len(packed) < _ALIGNED:
        raise ValueError("not packed arrays")
    check_sum, at = packed[:_ALIGNED].view(_NUMBERS).tolist()
    if zlib.crc32(packed[_ALIGNED:].data) != check_sum:
        raise ValueError("packed arrays were altered")
    at += _ALIGNED
    arrays = {}
    for name, dtype, count in json.loads(packed[_ALIGNED:at].tobytes()):
        size = count * np.dtype(dtype).itemsize
        arrays[name] = packed[at : at + size].view(dtype)
        at += size + -size % _ALIGNED
    return arrays
