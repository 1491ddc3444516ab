"""The Embedder port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(ABC):
    """Turns texts into vectors of one length, comparable by dot product.

    Attributes:
        name: adapter and model, as stamped on an index, for example `minilm/all-MiniLM-L6-v2`.
        version: changes whenever the same text would get another vector.
        dimensions: length of a vector.
        batch_limit: most texts in one call of the hook.
    """

    name: str
    version: str
    dimensions: int
    batch_limit: int = 64

    def embed(self, texts: Sequence[str], *, on_progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed the texts, in order.

        Args:
            texts: any number of texts; each is cut at the model's own limit.
            on_progress: told after each batch how many texts are done.

        Returns:
            float32 of shape (len(texts), dimensions), each row of length 1 (a zero row for a text with no token).

        Raises:
            Unavailable: the model cannot be loaded or reached.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), self.batch_limit):
            batch = texts[start : start + self.batch_limit]
            made = self._embed_batch(batch)
            if made.shape != (len(batch), self.dimensions):
                raise ValueError(f"{self.name} made vectors of shape {made.shape}, not {(len(batch), self.dimensions)}")
            vectors[start : start + len(batch)] = made
            if on_progress:
                on_progress(start + len(batch))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
        return unit

    @abstractmethod
    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        """Embed at most `batch_limit` texts; rows need not have length 1."""
