"""What every Embedder keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import find_packaged_weights


@pytest.fixture(scope="module", params=["hashing", "minilm"])
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    if request.param == "hashing":
        return HashingEmbedder()
    if find_packaged_weights() is None:
        pytest.skip("the weights' package is not installed (dependency group `weights`)")
    models_dir: Path = tmp_path_factory.mktemp("models")
    return MiniLMEmbedder(MiniLMConfig(models_dir))


def make_texts(count: int) -> list[str]:
    return [f"Passage {number} is about topic {number % 7}." for number in range(count)]


def test_it_gives_one_unit_vector_a_text(embedder: Embedder) -> None:
    vectors = embedder.embed(make_texts(5))
    assert vectors.shape == (5, embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_text_gives_no_vector(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_text_without_a_word_gives_a_zero_row_and_leaves_its_neighbours_alone(embedder: Embedder) -> None:
    vectors = embedder.embed(["light and water", "", "   ", "light and water"])
    assert not vectors[1].any()
    assert not vectors[2].any()
    assert vectors[0] @ vectors[3] == pytest.approx(1, abs=1e-4)


def test_more_texts_than_a_batch_come_back_in_order_and_progress_is_told(embedder: Embedder) -> None:
    texts = make_texts(embedder.batch_limit + 3)
    told: list[int] = []
    vectors = embedder.embed(texts, on_progress=told.append)
    assert told == [embedder.batch_limit, embedder.batch_limit + 3]
    for row in (0, 1, embedder.batch_limit, embedder.batch_limit + 2):
        alone = embedder.embed([texts[row]])[0]
        assert int(np.argmax(vectors @ alone)) == row


def test_what_is_about_the_same_is_nearer(embedder: Embedder) -> None:
    question, near, far = embedder.embed(
        ["How do plants use sunlight?", "Plants use sunlight to make sugar.", "The bank raised its interest rate."]
    )
    assert question @ near > question @ far + 0.1


def test_it_names_itself_for_the_stamp_of_an_index(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.version
    assert embedder.dimensions > 0
