"""The lexical index over a real S3 server; the vector index's is one of the contract's adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.s3_server import Wire

from hellotutor.core.errors import Unavailable
from hellotutor.retrieval.lexical.index import LexicalIndex

TEXTS = ["Mitochondria release energy from sugar.", "Photosynthesis makes sugar from light."]
WHERE = {"tenant": "alice", "version_id": "v1"}


def build(storage: Any) -> None:
    LexicalIndex(storage).build(**WHERE, texts=TEXTS)


def find_best(storage: Any, query: str) -> int:
    return int(LexicalIndex(storage).score(query, tenants=["alice"], versions=["v1"]).scores.argmax())


def test_what_one_machine_has_indexed_another_finds(s3_storage: Any) -> None:
    build(s3_storage)
    assert find_best(s3_storage, "photosynthesis") == 1
    assert find_best(s3_storage, "mitochondria") == 0


def test_a_version_that_was_indexed_again_and_deleted_leaves_nothing(s3_storage: Any) -> None:
    build(s3_storage)
    build(s3_storage)
    index = LexicalIndex(s3_storage)
    index.delete(**WHERE)
    index.delete(**WHERE)
    assert s3_storage.listdir("alice/v1") == ([], [])
    assert index.score("sugar", tenants=["alice"], versions=["v1"]).missing == ("v1",)


def test_where_s3_is_down_nothing_is_taken_for_missing(make_s3_storage: Callable[..., Any], s3_server: Any) -> None:
    wire = Wire(s3_server.url)
    try:
        storage = make_s3_storage(endpoint_url=wire.url)
        build(storage)
        with wire.refusing(), pytest.raises(Unavailable) as refused:
            find_best(storage, "sugar")
        assert (refused.value.code, refused.value.retryable) == ("s3_unreachable", True)
        assert find_best(storage, "photosynthesis") == 1
    finally:
        wire.close()
