from __future__ import annotations

import itertools

import numpy as np
import pytest

from hellotutor.retrieval.fusion import fuse, normalise, rank, smooth


def scores(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_a_passage_lends_its_neighbours_less_the_farther_they_are() -> None:
    lent = smooth(scores(0, 0, 0, 0, 0, 0, 0, 1), np.array([0, 8])).tolist()
    assert lent[::-1] == pytest.approx([1, 0.4, 0.28, 0.196, 0.1372, 0.09604, 0.067228, 0])
    assert smooth(scores(1, 0, 2), np.array([0, 3])).tolist() == pytest.approx([1.56, 1.2, 2.28])


def test_nothing_is_lent_across_documents() -> None:
    assert smooth(scores(0, 1, 0, 1), np.array([0, 2, 2, 4])).tolist() == pytest.approx([0.4, 1, 0.4, 1])


def test_each_document_is_smoothed_as_if_it_were_alone() -> None:
    rng = np.random.default_rng(3)
    bounds = np.array([0, 7, 7, 8, 30, 200])
    values = rng.random(200, dtype=np.float32)
    alone = [smooth(values[a:b], np.array([0, b - a])) for a, b in itertools.pairwise(bounds.tolist())]
    assert smooth(values, bounds) == pytest.approx(np.concatenate(alone))


@pytest.mark.parametrize("size", [0, 1])
def test_too_few_passages_have_no_neighbours(size: int) -> None:
    assert smooth(np.ones(size, dtype=np.float32), np.array([0, size])).tolist() == [1] * size


def test_the_best_is_one_and_what_is_below_zero_is_zero() -> None:
    assert normalise(scores(-1, 0, 2, 4)).tolist() == [0, 0, 0.5, 1]
    assert normalise(scores(-1, 0)).tolist() == [0, 0]
    assert normalise(scores()).tolist() == []


def test_vectors_weigh_a_little_more_than_words() -> None:
    bounds = np.array([0, 1, 2, 3])
    fused = fuse(scores(4, 0, 2), scores(0, 0.8, 0.4), np.ones(3, dtype=bool), bounds)
    assert fused.tolist() == pytest.approx([0.4, 0.6, 0.5])


def test_what_the_index_did_not_return_counts_as_the_farthest_that_it_did() -> None:
    bounds = np.array([0, 1, 2, 3])
    fused = fuse(scores(0, 0, 0), scores(0.8, 0.2, np.nan), np.ones(3, dtype=bool), bounds)
    assert fused.tolist() == pytest.approx([0.6, 0.15, 0.15])


def test_a_passage_not_yet_embedded_is_ranked_by_its_words() -> None:
    bounds = np.array([0, 1, 2])
    fused = fuse(scores(2, 4), scores(0.5, np.nan), np.array([True, False]), bounds)
    assert fused.tolist() == pytest.approx([0.8, 1.0])


def test_equal_scores_keep_the_order_of_the_text() -> None:
    assert rank(scores(1, 3, 2, 3, 1), 3).tolist() == [1, 3, 2]
    assert rank(scores(2, 2), 9).tolist() == [0, 1]
