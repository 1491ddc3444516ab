"""Smoothing goes through a large library piece by piece, which must not show."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from hellotutor.retrieval.fusion import smooth


@pytest.mark.parametrize("sizes", [[70_000], [1, 40_000, 29_999, 1, 5], [50] * 2_000, [31_000, 0, 0, 31_000], [0], []])
def test_documents_are_smoothed_together_as_each_by_itself(sizes: list[int]) -> None:
    bounds = np.cumsum([0, *sizes])
    scores = np.random.default_rng(0).random(int(bounds[-1]), dtype=np.float32)
    alone = [smooth(scores[first:end], np.array([0, end - first])) for first, end in pairwise(bounds)]
    assert np.array_equal(smooth(scores, bounds), np.concatenate([scores[:0], *alone]))


def test_importing_it_allocates_no_large_memory() -> None:
    counting = (
        "import tracemalloc, numpy; tracemalloc.start(); import hellotutor.retrieval.fusion; "
        "print(tracemalloc.get_traced_memory()[1])"
    )
    done = subprocess.run([sys.executable, "-c", counting], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 5_000_000
