from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.embeddings.numpy_bert import embed_tokens
from tokenizers import Tokenizer

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.bert_spec import save_bert
from hellotutor.embeddings.minilm import MAX_TOKENS, MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import convert_weights

TEXTS = [
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "Who wrote it?",
    "The Stamp Act of 1765 taxed printed paper in the colonies; they resisted, and it was repealed within a year.",
    "naïve café — Ωmega 東京",
    "mitochondria " * 40,
]


@pytest.fixture(scope="module")
def minilm(models_dir: Path) -> MiniLMEmbedder:
    return MiniLMEmbedder(MiniLMConfig(models_dir))


def embed_by_hand(folder: Path, texts: list[str]) -> np.ndarray:
    weights = load_file(folder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return np.array([embed_tokens(weights, tokenizer.encode(text).ids, heads=12) for text in texts])


def test_its_int8_vectors_are_those_of_the_published_model(minilm: MiniLMEmbedder, packaged_weights: Path) -> None:
    cosines = (minilm.embed(TEXTS) * embed_by_hand(packaged_weights, TEXTS)).sum(axis=1)
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.98


def test_every_weight_is_put_in_its_place(tmp_path: Path) -> None:
    """A small random model without quantisation: the two computations must agree to rounding."""
    random = np.random.default_rng(1)
    weights = make_small_weights(random)
    folder = tmp_path / "small"
    folder.mkdir()
    tokens = [f"t{number}" for number in range(29)] + ["[UNK]"]
    save_bert(weights, tokens, folder, heads=4, layer_norm_epsilon=1e-12, quantization=None)
    encoder = ctranslate2.Encoder(str(folder), compute_type="float32")
    ids = random.integers(0, 30, size=17).tolist()
    states = np.asarray(encoder.forward_batch([ids]).last_hidden_state)[0]
    made = states.mean(axis=0) / np.linalg.norm(states.mean(axis=0))
    np.testing.assert_allclose(made, embed_tokens(weights, ids, heads=4), atol=2e-5)


def make_small_weights(random: np.random.Generator, width: int = 32, layers: int = 2) -> dict[str, np.ndarray]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (30, width),
        "embeddings.position_embeddings.weight": (24, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for number in range(layers):
        prefix = f"encoder.layer.{number}."
        for name, out, inner in [
            ("attention.self.query", width, width),
            ("attention.self.key", width, width),
            ("attention.self.value", width, width),
            ("attention.output.dense", width, width),
            ("intermediate.dense", 4 * width, width),
            ("output.dense", width, 4 * width),
        ]:
            shapes[f"{prefix}{name}.weight"], shapes[f"{prefix}{name}.bias"] = (out, inner), (out,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{prefix}{name}.weight"] = shapes[f"{prefix}{name}.bias"] = (width,)
    return {name: random.normal(0, 0.3, size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_a_text_has_the_same_vector_alone_and_in_a_batch(minilm: MiniLMEmbedder) -> None:
    together = minilm.embed(TEXTS)
    alone = np.concatenate([minilm.embed([text]) for text in TEXTS])
    assert ((together * alone).sum(axis=1) > 0.999).all()


def test_what_stands_past_256_tokens_changes_nothing(minilm: MiniLMEmbedder) -> None:
    long = "cell " * 254  # with [CLS] and [SEP], the limit
    vectors = minilm.embed([long, long + "tax law", "cell " * 200 + "tax law"])
    assert vectors[0] @ vectors[1] > 0.9999
    assert vectors[0] @ vectors[2] < 0.999


def test_meaning_ranks_above_shared_words(minilm: MiniLMEmbedder) -> None:
    question, answer, lure = minilm.embed(
        ["How do plants make food?", "Photosynthesis yields glucose in leaves.", "How do banks make money?"]
    )
    assert question @ answer > question @ lure


def test_importing_it_loads_no_engine() -> None:
    program = "import sys, hellotutor.embeddings.minilm; print({'ctranslate2', 'tokenizers'} & set(sys.modules))"
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, env=environment
    )
    assert done.stdout.strip() == "set()"


def test_a_safetensors_file_of_the_right_shape_is_not_enough(tmp_path: Path, packaged_weights: Path) -> None:
    save_file(make_small_weights(np.random.default_rng(2)), tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        convert_weights(tmp_path, tmp_path / "models")
    assert caught.value.code == "model_corrupt"
    assert not (tmp_path / "models").exists()
