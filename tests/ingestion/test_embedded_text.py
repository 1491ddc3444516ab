"""What is embedded of a passage belongs to the stamp of its vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.claimed import embed_claimed, read_claimed
from tests.versions import add

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.embeddings.minilm import MiniLMEmbedder

TEXT = "# The sea\n\nIt is salt.\n\n## Tides\n\nThe moon pulls the water.\n"


class ListeningEmbedder(HashingEmbedder):
    """Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        self.heard += texts
        return super()._embed_batch(texts)


@pytest.mark.django_db
def test_other_texts_are_embedded_only_under_other_stamps(tmp_path: Path) -> None:
    embedder = ListeningEmbedder()
    parts = replace(composition.ingestion_parts(), embedder=embedder)
    version = add(User.objects.create_user("alice@example.org"), tmp_path, TEXT)
    list(read_claimed(version, parts))
    list(embed_claimed(version, parts))
    # Whoever has to change one line here has to change the others: vectors that are stored were made of these texts.
    assert embedder.heard == ["The sea › The sea It is salt.", "Tides › Tides The moon pulls the water."]
    assert MiniLMEmbedder.version == "int8-1"
    assert HashingEmbedder.version == "1"
