"""Indexes over a Pinecone server of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.pinecone_server import KEY, PineconeServer

from hellotutor.retrieval.base import VectorHit
from hellotutor.retrieval.pinecone.index import PineconeConfig, PineconeIndex

_SETTLE_S = 10.0


class PatientPinecone(PineconeIndex):
    """Reads only once everything that was written shows, as a test does that knows of the delay."""

    server: PineconeServer

    def query(self, *arguments: Any, **named: Any) -> list[VectorHit]:
        self._settle()
        return super().query(*arguments, **named)

    def count(self, **named: Any) -> int:
        self._settle()
        return super().count(**named)

    def list_versions(self) -> Iterator[tuple[str, str]]:
        self._settle()
        return super().list_versions()

    def _settle(self) -> None:
        end = time.monotonic() + _SETTLE_S
        while not self.server.is_settled():
            assert time.monotonic() < end, "what was written never showed"
            time.sleep(0.01)


@pytest.fixture
def pinecone_server() -> Iterator[PineconeServer]:
    """A server of the test's own, without an index."""
    pytest.importorskip("pinecone")
    server = PineconeServer()
    yield server
    server.close()


@pytest.fixture
def make_pinecone(pinecone_server: PineconeServer) -> Iterator[Callable[..., PineconeIndex]]:
    """Make indexes on the server, as many processes would; `is_patient` waits for what shows late."""
    made: list[PineconeIndex] = []

    def make(*, is_patient: bool = False, **config: Any) -> PineconeIndex:
        given = {"api_key": KEY, "index": "hellotutor", "host": pinecone_server.url, **config}
        index = (PatientPinecone if is_patient else PineconeIndex)(PineconeConfig(**given))
        if isinstance(index, PatientPinecone):
            index.server = pinecone_server
        made.append(index)
        return index

    yield make
    for index in made:
        index.close()
