"""The vectors of one file, twice: coarse ones to look through quickly, exact ones to settle which are nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hellotutor.embeddings.base import Vectors

_STEPS = 127  # of an int8, either side of 0
_HEADER_BYTES = 128  # of an .npy file of one or two axes, which NumPy pads to a multiple of 64


@dataclass(frozen=True, slots=True)
class Block:
    """Vectors of consecutive passages.

    Attributes:
        exact: (rows, dimensions) float16.
        coarse: (rows, dimensions) int8; each row times its scale is nearly the exact one.
        scales: (rows,) float32.
        slack: the greatest length of what a row lacks, exact - scale * coarse.
        length: the greatest length of a coarse row times its scale.
        is_mapped: whether the exact ones lie in a file that is mapped, and so take no memory of their own.
    """

    exact: NDArray[np.float16]
    coarse: NDArray[np.int8]
    scales: NDArray[np.float32]
    slack: float
    length: float
    is_mapped: bool = False

    @property
    def size_bytes(self) -> int:
        """What it takes in memory; of a mapped file what every query touches."""
        return self.coarse.nbytes + self.scales.nbytes + (0 if self.is_mapped else self.exact.nbytes)

    def without_first(self, rows: int) -> Block:
        """Return it without its first rows."""
        if not rows:
            return self
        kept = self.exact[rows:], self.coarse[rows:], self.scales[rows:]
        return Block(*kept, self.slack, self.length, self.is_mapped)


def make_coarse(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return vectors (rows, dimensions) as int8 and the scale of each row, by which its largest number is 127."""
    scales = np.abs(vectors).max(axis=1, initial=0) / _STEPS
    divisors = np.where(scales > 0, scales, 1)[:, None]
    return np.rint(vectors / divisors).astype(np.int8), scales.astype(np.float32)


def make_block(exact: NDArray[np.float16]) -> Block:
    """Return the block of these vectors."""
    vectors = exact.astype(np.float32)
    coarse, scales = make_coarse(vectors)
    nearly = coarse * scales[:, None]
    slack = np.linalg.norm(vectors - nearly, axis=1).max(initial=0)
    length = np.linalg.norm(nearly, axis=1).max(initial=0)
    return Block(exact, coarse, scales, float(slack), float(length))


def pack_block(block: Block) -> NDArray[np.uint8]:
    """Return what is written of a block: slack, length, scales, exact and coarse vectors, one after the other."""
    numbers = np.append(np.array([block.slack, block.length], dtype=np.float32), block.scales)
    return np.concatenate([a.reshape(-1).view(np.uint8) for a in (numbers, block.exact, block.coarse)])


def unpack_block(array: NDArray[Any], dimensions: int, *, rows: int, is_mapped: bool) -> Block:
    """Return the block that `pack_block` wrote, or of an array of float16, which was written before there were blocks.

    Raises:
        ValueError: the array holds something else.
    """
    if array.dtype == np.float16 and array.shape == (rows, dimensions):
        made = make_block(array)
        return Block(array, made.coarse, made.scales, made.slack, made.length, is_mapped)
    if array.dtype != np.uint8 or array.shape != (_count_bytes(rows, dimensions),):
        raise ValueError(f"{array.shape} of {array.dtype} are not {rows} vectors of {dimensions} dimensions")
    at = 4 * (rows + 2)
    numbers, middle = array[:at].view(np.float32), at + 2 * rows * dimensions
    return Block(
        exact=array[at:middle].view(np.float16).reshape(rows, dimensions),
        coarse=array[middle:].view(np.int8).reshape(rows, dimensions),
        scales=numbers[2:],
        slack=float(numbers[0]),
        length=float(numbers[1]),
        is_mapped=is_mapped,
    )


def is_size_of_block(size_bytes: int, *, rows: int, dimensions: int) -> bool:
    """Say whether a file of this size can hold so many vectors, as blocks are written now or were before."""
    wanted = (_count_bytes(rows, dimensions), 2 * rows * dimensions)
    return size_bytes - _HEADER_BYTES in wanted


def _count_bytes(rows: int, dimensions: int) -> int:
    return 4 * (rows + 2) + 3 * rows * dimensions
