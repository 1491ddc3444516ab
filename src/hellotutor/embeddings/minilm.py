"""The Embedder that runs on this machine: all-MiniLM-L6-v2 in int8 over CTranslate2."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings import weights
from hellotutor.embeddings.base import Embedder, Vectors

MAX_TOKENS = 256  # the model's own limit (sentence_bert_config.json), [CLS] and [SEP] included
_INNER_BATCH = 4  # int8 on 2 cores: 42.6 chunks/s at 4 against 31.9 at 16
_SPECIAL_TOKENS = 2
_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class MiniLMConfig:
    """Where the converted model lives and how many cores it may take.

    Attributes:
        models_dir: folder of models; the model is a folder inside it.
        threads: cores used at once, 1 or more.
        compute_type: CTranslate2's name; the file is int8 and `float32` computes with its weights unpacked.
    """

    models_dir: Path
    threads: int = 2
    compute_type: str = "int8"


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    encoder: Any


class MiniLMEmbedder(Embedder):
    """Mean-pooled MiniLM vectors, cut at 256 tokens; loaded at the first text; safe to share between threads."""

    name = "minilm/all-MiniLM-L6-v2"
    version = "int8-1"
    dimensions = 384
    batch_limit = 64

    def __init__(self, config: MiniLMConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._failure: Unavailable | None = None
        self._failed_at_s = 0.0

    def load(self) -> None:
        """Load the model now rather than at the first text.

        Raises:
            Unavailable: `model_missing`, `model_corrupt`, `disk_full`, `model_unwritable`.
        """
        self._load()

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._open()
            return self._loaded

    def _open(self) -> _Loaded:
        """Open the model; one that failed is not tried again at once, and fails as the same failure meanwhile."""
        if self._failure and time.monotonic() - self._failed_at_s < _RETRY_AFTER_S:
            raise self._failure
        try:
            return _open_model(weights.ensure_model(self._config.models_dir), self._config)
        except Unavailable as error:
            self._failure, self._failed_at_s = error, time.monotonic()
            raise

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        loaded = self._load()
        tokens = [encoding.ids for encoding in loaded.tokenizer.encode_batch(list(texts))]
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        groups = list(_group_by_length(tokens))
        if len(groups) > 1 and self._config.threads > 1:
            with ThreadPoolExecutor(self._config.threads) as pool:
                pooled = list(pool.map(lambda rows: _pool(loaded.encoder, [tokens[row] for row in rows]), groups))
        else:
            pooled = [_pool(loaded.encoder, [tokens[row] for row in rows]) for rows in groups]
        for rows, made in zip(groups, pooled, strict=True):
            vectors[rows] = made
        return vectors


def _open_model(folder: Path, config: MiniLMConfig) -> _Loaded:
    # Heavy: 30 ms and 13 MB, which a command that embeds nothing is spared.
    import ctranslate2
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        encoder = ctranslate2.Encoder(
            str(folder),
            compute_type=config.compute_type,
            inter_threads=config.threads,
            intra_threads=1,
        )
    except (RuntimeError, ValueError, OSError) as exc:
        message = f"The model in {folder} cannot be loaded: delete that folder and {weights.FETCH_HINT}."
        raise Unavailable("model_corrupt", message, retryable=False) from exc
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return _Loaded(tokenizer, encoder)


def _group_by_length(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the rows that hold a word in groups of like length, longest first, so that little is padded."""
    rows = [row for row, ids in enumerate(tokens) if len(ids) > _SPECIAL_TOKENS]
    rows.sort(key=lambda row: -len(tokens[row]))
    for start in range(0, len(rows), _INNER_BATCH):
        yield rows[start : start + _INNER_BATCH]


def _pool(encoder: Any, tokens: list[list[int]]) -> Vectors:
    """Return the mean of each text's token states, padding left out, as sentence-transformers does."""
    states = np.asarray(encoder.forward_batch(tokens).last_hidden_state, dtype=np.float32)
    lengths = np.array([len(ids) for ids in tokens])
    mask = np.arange(states.shape[1]) < lengths[:, None]
    pooled: Vectors = np.einsum("btd,bt->bd", states, mask.astype(np.float32)) / lengths[:, None].astype(np.float32)
    return pooled
