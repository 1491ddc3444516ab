"""What ingestion made of some documents, and how that differs from what it made of them undisturbed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.proofs.ingestion_site import Site

# The model computes in 8 bits, and what a text is embedded with moves its vector: cosines down to .997 were seen
# between batches of 64 and of 8, which is what follows deaths. Scores by words are sums of 32-bit numbers.
LEAST_COSINE, SCORE_TOLERANCE = 0.99, 0.0001


@dataclass(frozen=True)
class Library:
    """All that ingestion made at a place.

    Attributes:
        documents: by "learner/file": state, numbers of pages and passages, and digests of their rows.
        arrays: by "learner/file vectors" and "learner/file words".
        left_over: files that no document needs or that it lacks, and numbers of rows that should have gone.
        counts: what was counted on the way.
    """

    documents: dict[str, dict[str, Any]]
    arrays: dict[str, NDArray[Any]]
    left_over: dict[str, Any]
    counts: dict[str, int]

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return sum(document["rows"][1] for document in self.documents.values())


def describe(site: Site) -> Library:
    """Look at a place."""
    path = site.data_dir.parent / f"{site.data_dir.name}-arrays.npz"
    said = json.loads(site.run("tests.ingestion.programs.describe_library", str(path)))
    with np.load(path) as arrays:
        return Library(arrays=dict(arrays), **said)


def find_differences(library: Library, undisturbed: Library) -> list[str]:
    """Return a line for whatever isn't as in the undisturbed run, or is left over."""
    lines = [f"{name} is missing or more" for name in library.documents.keys() ^ undisturbed.documents.keys()]
    for name in library.documents.keys() & undisturbed.documents.keys():
        found, wanted = library.documents[name], undisturbed.documents[name]
        lines += [f"{name}: {key} {found[key]} ≠ {wanted[key]}" for key in wanted if found[key] != wanted[key]]
    for name, array in undisturbed.arrays.items():
        lines += _compare(name, library.arrays.get(name, np.zeros(0)), array)
    return lines + [f"left over: {key} {value}" for key, value in library.left_over.items() if value]


def least_cosine(library: Library, undisturbed: Library) -> float:
    """Return the least cosine of a vector to the same passage's in the undisturbed run."""
    pairs = [(library.arrays[name], wanted) for name, wanted in undisturbed.arrays.items() if name.endswith("vectors")]
    return min(float(_cosines(found, wanted).min()) for found, wanted in pairs if wanted.size)


def _compare(name: str, found: NDArray[Any], wanted: NDArray[Any]) -> list[str]:
    if found.shape != wanted.shape:
        return [f"{name}: {found.shape} ≠ {wanted.shape}"]
    if name.endswith("vectors"):
        least = float(_cosines(found, wanted).min(initial=1.0))
        return [f"{name}: cosine {least}"] if least < LEAST_COSINE else []
    furthest = float(np.abs(found.astype(float) - wanted.astype(float)).max(initial=0.0))
    return [f"{name}: {furthest} apart"] if furthest > SCORE_TOLERANCE else []


def _cosines(found: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine of each row to the same row; 1 where both are zero."""
    one, other = found.astype(float), wanted.astype(float)
    sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    same: NDArray[np.float64] = np.divide((one * other).sum(axis=1), sizes, out=np.ones(len(one)), where=sizes > 0)
    return same
