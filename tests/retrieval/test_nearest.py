"""The nearest are exactly those by the stored vectors, however they are looked through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hellotutor.retrieval.local.blocks import Block, make_block, pack_block, unpack_block
from hellotutor.retrieval.local.nearest import find_nearest


def make_vectors(rows: int, dimensions: int, *, seed: int, centres: int = 20) -> np.ndarray:
    """Return vectors around a few centres, so that many are nearly as near."""
    random = np.random.default_rng(seed)
    middle = random.normal(size=(centres, dimensions))[random.integers(0, centres, rows)]
    vectors = middle + 0.3 * random.normal(size=(rows, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def find_by_comparing_all(vectors: np.ndarray, query: np.ndarray, k: int) -> np.ndarray:
    return np.sort(vectors.astype(np.float32) @ query)[::-1][:k]


def cut(vectors: np.ndarray, size: int) -> list[Block]:
    return [make_block(vectors[first : first + size]) for first in range(0, len(vectors), size)]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 3_000),
    dimensions=st.sampled_from([1, 3, 16, 100, 384]),
    k=st.integers(1, 300),
    seed=st.integers(0, 999),
    length=st.sampled_from([1e-3, 1.0, 40.0]),
)
def test_they_are_those_of_comparing_every_vector(rows: int, dimensions: int, k: int, seed: int, length: float) -> None:
    vectors = (length * make_vectors(rows, dimensions, seed=seed)).astype(np.float16)
    query = make_vectors(1, dimensions, seed=seed + 1)[0].astype(np.float32)
    found, scores = find_nearest(cut(vectors, 700), query, k)
    wanted = find_by_comparing_all(vectors, query, k)
    assert len(set(found.tolist())) == len(wanted)
    assert scores == pytest.approx(wanted, rel=1e-5, abs=1e-6)
    assert vectors[found].astype(np.float32) @ query == pytest.approx(scores, rel=1e-5, abs=1e-6)


def test_vectors_that_differ_by_less_than_an_int8_can_tell_are_ranked() -> None:
    query = make_vectors(1, 384, seed=1)[0].astype(np.float32)
    vectors = np.repeat(query[None], 2_000, axis=0)
    vectors[:, 0] += np.linspace(0, 0.02, 2_000)[np.random.default_rng(0).permutation(2_000)]
    stored = vectors.astype(np.float16)
    _, scores = find_nearest(cut(stored, 500), query, 10)
    assert scores == pytest.approx(find_by_comparing_all(stored, query, 10), abs=1e-6)


def test_of_equal_ones_the_earlier_comes_first_and_zeros_are_found_too() -> None:
    vectors = np.zeros((6, 8), dtype=np.float16)
    vectors[[1, 4], 2] = 1
    found, scores = find_nearest(cut(vectors, 4), np.eye(8, dtype=np.float32)[2], 6)
    assert (found.tolist(), scores.tolist()) == ([1, 4, 0, 2, 3, 5], [1, 1, 0, 0, 0, 0])


def test_what_is_looked_through_lacks_no_more_than_is_noted() -> None:
    block = make_block(make_vectors(500, 384, seed=3))
    nearly = block.coarse * block.scales[:, None]
    assert np.linalg.norm(block.exact.astype(np.float32) - nearly, axis=1).max() <= block.slack + 1e-7
    assert block.slack < 0.02
    assert block.size_bytes == 500 * (3 * 384 + 4)


def test_a_block_that_is_packed_and_unpacked_is_the_same() -> None:
    block = make_block(make_vectors(7, 5, seed=1))
    again = unpack_block(pack_block(block), 5, rows=7, is_mapped=False)
    for name in ("exact", "coarse", "scales"):
        assert np.array_equal(getattr(block, name), getattr(again, name))
    assert (again.slack, again.length) == pytest.approx((block.slack, block.length))


@pytest.mark.parametrize("rows", [6, 8])
def test_an_array_of_another_size_is_no_block(rows: int) -> None:
    with pytest.raises(ValueError, match="dimensions"):
        unpack_block(pack_block(make_block(make_vectors(7, 5, seed=1))), 5, rows=rows, is_mapped=False)
