"""Filling a CTranslate2 model from BERT weights in numpy, so that converting needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2.specs as specs
import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]


def save_bert(
    weights: Weights,
    vocabulary: Sequence[str],
    folder: Path,
    *,
    heads: int,
    layer_norm_epsilon: float,
    quantization: str | None,
) -> None:
    """Write a BERT encoder, without its pooler, as a CTranslate2 model.

    Args:
        weights: tensors by the names that Hugging Face's `BertModel` gives them; linear weights are (out, in).
        vocabulary: tokens in the order of their ids, as many as the word embedding has rows.
        folder: an existing, empty folder.
        heads: attention heads of each layer.
        layer_norm_epsilon: added to the variance in each normalisation.
        quantization: for example `int8` (a scale for each row of a weight), or None for float32.

    Raises:
        KeyError: a tensor is missing.

    Source: Devlin et al. 2019; the layout of the specification is CTranslate2 4.8's `BertLoader`.
    """
    spec = _make_spec(_count_layers(weights), heads)
    _fill_embeddings(spec.encoder, weights)
    for number, layer in enumerate(spec.encoder.layer):
        _fill_layer(layer, weights, f"encoder.layer.{number}.")
    spec.register_vocabulary(list(vocabulary))
    spec.config.unk_token = "[UNK]"  # noqa: S105  (the name of a word piece)
    spec.config.layer_norm_epsilon = layer_norm_epsilon
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


def _count_layers(weights: Weights) -> int:
    prefix = "encoder.layer."
    return 1 + max(int(name.removeprefix(prefix).split(".")[0]) for name in weights if name.startswith(prefix))


def _make_spec(layers: int, heads: int) -> Any:
    encoder = specs.TransformerEncoderSpec(
        layers,
        heads,
        pre_norm=False,
        activation=specs.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=specs.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    return specs.TransformerEncoderModelSpec(encoder)


def _fill_embeddings(encoder: Any, weights: Weights) -> None:
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _fill_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm.")


def _fill_layer(layer: Any, weights: Weights, prefix: str) -> None:
    attention = layer.self_attention
    projections = [f"{prefix}attention.self.{name}." for name in ("query", "key", "value")]
    attention.linear[0].weight = np.concatenate([weights[f"{name}weight"] for name in projections])
    attention.linear[0].bias = np.concatenate([weights[f"{name}bias"] for name in projections])
    _fill_linear(attention.linear[1], weights, f"{prefix}attention.output.dense.")
    _fill_norm(attention.layer_norm, weights, f"{prefix}attention.output.LayerNorm.")
    _fill_linear(layer.ffn.linear_0, weights, f"{prefix}intermediate.dense.")
    _fill_linear(layer.ffn.linear_1, weights, f"{prefix}output.dense.")
    _fill_norm(layer.ffn.layer_norm, weights, f"{prefix}output.LayerNorm.")


def _fill_linear(linear: Any, weights: Weights, prefix: str) -> None:
    linear.weight = weights[f"{prefix}weight"]
    linear.bias = weights[f"{prefix}bias"]


def _fill_norm(norm: Any, weights: Weights, prefix: str) -> None:
    norm.gamma = weights[f"{prefix}weight"]
    norm.beta = weights[f"{prefix}bias"]
