"""An Embedder without weights, so that tests rank real texts in microseconds on any machine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from hellotutor.embeddings.base import Embedder, Vectors

_WORD = re.compile(r"\w+")
_GRAM = 4  # characters; shares most of its grams between the forms of a word
_GRAM_WEIGHT = 0.3


class HashingEmbedder(Embedder):
    """Signed feature hashing of words and character 4-grams: texts that share words are near.

    Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning".
    """

    name = "hashing/words-and-4-grams"
    version = "1"
    batch_limit = 256

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            words = Counter(word.lower() for word in _WORD.findall(text))
            for word, count in words.items():
                for feature, weight in _features(word):
                    place, sign = _hash(feature)
                    vectors[row, place % self.dimensions] += sign * weight * (1 + np.log(count))
        return vectors


def _features(word: str) -> Iterator[tuple[str, float]]:
    # Short words are mostly grammar: they weigh little, as an inverse document frequency would have it.
    yield f"w:{word}", min(len(word), 8) / 8
    padded = f"^{word}$"
    for start in range(len(padded) - _GRAM + 1):
        yield f"g:{padded[start : start + _GRAM]}", _GRAM_WEIGHT


@lru_cache(maxsize=1 << 16)
def _hash(feature: str) -> tuple[int, int]:
    """Return a place and a sign, the same in every process (the built-in `hash` isn't)."""
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
    return number >> 1, 1 if number & 1 else -1
