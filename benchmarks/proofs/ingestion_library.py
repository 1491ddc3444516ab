"""What ingestion made of some documents, and how that differs from what it made of them undisturbed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.proofs.ingestion_site import Site

# Vectors are kept in 16 bits: one more or less in the last place of 1.0. Scores by words are sums of 32-bit numbers.
VECTOR_TOLERANCE, SCORE_TOLERANCE = 0.001, 0.0001


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


def largest_difference(library: Library, undisturbed: Library) -> float:
    """Return the largest difference of one number of a vector."""
    pairs = [(library.arrays[name], wanted) for name, wanted in undisturbed.arrays.items() if name.endswith("vectors")]
    return max(
        float(np.abs(found.astype(float) - wanted.astype(float)).max()) for found, wanted in pairs if wanted.size
    )


def _compare(name: str, found: NDArray[Any], wanted: NDArray[Any]) -> list[str]:
    if found.shape != wanted.shape:
        return [f"{name}: {found.shape} ≠ {wanted.shape}"]
    tolerance = VECTOR_TOLERANCE if name.endswith("vectors") else SCORE_TOLERANCE
    furthest = float(np.abs(found.astype(float) - wanted.astype(float)).max(initial=0.0))
    return [f"{name}: {furthest} apart"] if furthest > tolerance else []
