"""Indexes over a Pinecone server of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.pinecone_server import KEY, PineconeServer

from hellotutor.retrieval.pinecone.index import PineconeConfig, PineconeIndex


@pytest.fixture
def pinecone_server() -> Iterator[PineconeServer]:
    """A server of the test's own, without an index."""
    pytest.importorskip("pinecone")
    server = PineconeServer()
    yield server
    server.close()


@pytest.fixture
def make_pinecone(pinecone_server: PineconeServer) -> Iterator[Callable[..., PineconeIndex]]:
    """Make indexes on the server, as many processes would."""
    made: list[PineconeIndex] = []

    def make(**config: Any) -> PineconeIndex:
        given = {"api_key": KEY, "index": "hellotutor", "host": pinecone_server.url, **config}
        index = PineconeIndex(PineconeConfig(**given))
        made.append(index)
        return index

    yield make
    for index in made:
        index.close()
