"""BERT in numpy, written from the paper and not from the converter, so that a weight put in the wrong place shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

Array = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
_erf = np.vectorize(math.erf, otypes=[np.float32])


def embed_tokens(weights: Mapping[str, Array], ids: Sequence[int], heads: int) -> Array:
    """Return the mean token state of one text, of length 1."""
    states = (
        weights["embeddings.word_embeddings.weight"][list(ids)]
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    states = norm(weights, "embeddings.LayerNorm", states)
    number = 0
    while f"encoder.layer.{number}.output.dense.weight" in weights:
        states = run_layer(weights, f"encoder.layer.{number}", states, heads)
        number += 1
    mean = states.mean(axis=0)
    return mean / np.linalg.norm(mean)


def run_layer(weights: Mapping[str, Array], name: str, states: Array, heads: int) -> Array:
    query, key, value = (
        split_heads(linear(weights, f"{name}.attention.self.{part}", states), heads)
        for part in ("query", "key", "value")
    )
    logits = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = (shares @ value).transpose(1, 0, 2).reshape(states.shape)
    attended = linear(weights, f"{name}.attention.output.dense", mixed)
    states = norm(weights, f"{name}.attention.output.LayerNorm", states + attended)
    inner = linear(weights, f"{name}.intermediate.dense", states)
    inner = inner * 0.5 * (1 + _erf(inner / math.sqrt(2)))
    return norm(weights, f"{name}.output.LayerNorm", states + linear(weights, f"{name}.output.dense", inner))


def split_heads(states: Array, heads: int) -> Array:
    return states.reshape(len(states), heads, -1).transpose(1, 0, 2)


def linear(weights: Mapping[str, Array], name: str, states: Array) -> Array:
    return states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def norm(weights: Mapping[str, Array], name: str, states: Array) -> Array:
    centred = states - states.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]
