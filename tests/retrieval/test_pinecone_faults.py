"""Everything that Pinecone can do wrong has a name, is tried again where that can help, and comes to an end."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.pinecone_server import KEY, PineconeServer

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.pinecone.index import PineconeIndex

STAMP = IndexStamp("test/model", "1", 16)
VECTORS = np.random.default_rng(1).normal(size=(4, 16)).astype(np.float32)
WHERE = {"tenant": "alice", "version_id": "v1"}
Make = Callable[..., PineconeIndex]


@pytest.fixture
def index(make_pinecone: Make) -> PineconeIndex:
    """An index with one document, as another process has left it."""
    made = make_pinecone()
    made.prepare(STAMP)
    store(made)
    return made


def store(index: PineconeIndex, vectors: Vectors = VECTORS, first: int = 0) -> None:
    index.upsert(**WHERE, first_ordinal=first, vectors=vectors, stamp=STAMP)


def ask(index: PineconeIndex) -> list[int]:
    hits = index.query(VECTORS[0], tenants=["alice"], version_ids=["v1"], k=9, stamp=STAMP)
    return sorted(hit.ordinal for hit in hits)


def count(index: PineconeIndex) -> int:
    return index.count(**WHERE, stamp=STAMP)


@contextlib.contextmanager
def refused(code: str, *, is_retryable: bool) -> Iterator[None]:
    with pytest.raises(Unavailable) as error:
        yield
    assert (error.value.code, error.value.retryable) == (code, is_retryable), error.value.message
    assert error.value.message.endswith(".")


MONTH = "Request failed. You've reached your write unit limit for the current month."
STORAGE = "Request failed. You've reached the max storage allowed for project school."
PACE = "Request failed. You've reached the max query read units per second for index hellotutor."
# What is answered → code, whether later may help, and how often it was asked.
ANSWERS: dict[str, tuple[dict[str, Any], str, bool, int]] = {
    "an error inside": ({"status": 500}, "pinecone_failed", True, 3),
    "it is overloaded": ({"status": 503}, "pinecone_failed", True, 3),
    "a proxy that gave up": ({"status": 504}, "pinecone_failed", True, 3),
    "a request that came too slowly": ({"status": 408}, "pinecone_timeout", True, 3),
    "too many requests": ({"status": 429, "message": PACE}, "pinecone_throttled", True, 3),
    "too many this month": ({"status": 429, "message": MONTH}, "pinecone_quota", False, 1),
    "no room left": ({"status": 403, "message": STORAGE}, "pinecone_quota", False, 1),
    "no right to it": ({"status": 403, "message": "Forbidden"}, "pinecone_forbidden", False, 1),
    "an unpaid bill": ({"status": 402}, "pinecone_payment_due", False, 1),
    "too large": ({"status": 413}, "pinecone_refused", False, 1),
    "a wrong request": ({"status": 400}, "pinecone_refused", False, 1),
    "a page instead of an answer": ({"kind": "garbage"}, "pinecone_malformed", True, 3),
    "what can't be unpacked": (
        {"kind": "garbage", "headers": {"Content-Encoding": "gzip"}},
        "pinecone_malformed",
        True,
        3,
    ),
    "a connection cut in the middle": ({"kind": "reset"}, "pinecone_unreachable", True, 3),
}


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("call", [store, ask], ids=["storing", "asking"])
def test_each_failure_has_its_name_and_is_retried_where_that_can_help(
    what: str, call: Callable[[PineconeIndex], Any], index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    details, code, is_retryable, times = ANSWERS[what]
    path = "/query" if call is ask else "/vectors/upsert"
    pinecone_server.forget_requests()
    with pinecone_server.fault(path, **details), refused(code, is_retryable=is_retryable):
        call(index)
    assert pinecone_server.count(f"POST {path}") == times
    store(index)
    assert ask(index) == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["status", "reset", "garbage"])
def test_what_fails_once_or_twice_succeeds(kind: str, index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    pinecone_server.forget_requests()
    with pinecone_server.fault("/query", kind, times=2):
        assert ask(index) == [0, 1, 2, 3]
    assert pinecone_server.count("POST /query") == 3


@pytest.mark.parametrize("kind", ["hang", "slow"])
def test_an_answer_that_does_not_come_is_given_up(
    kind: str, index: PineconeIndex, pinecone_server: PineconeServer, make_pinecone: Make
) -> None:
    hasty = make_pinecone(read_s=0.6, write_s=0.6)
    hasty.prepare(STAMP)
    pinecone_server.forget_requests()
    with (
        pinecone_server.fault("/query", kind, seconds=0.02),
        pinecone_server.fault("/vectors", kind, seconds=0.02),
    ):
        for call in (ask, store, count):
            with refused("pinecone_timeout", is_retryable=True):
                call(hasty)
    assert 3 <= len(pinecone_server.requests) <= 6  # no more than two attempts each
    assert ask(hasty) == [0, 1, 2, 3]


def test_it_waits_as_long_as_it_is_told_to_and_then_succeeds(
    index: PineconeIndex, pinecone_server: PineconeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, waits = pytest.importorskip("hellotutor.retrieval.pinecone.client"), list[float]()
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=time.monotonic, sleep=waits.append))
    with pinecone_server.fault("/query", status=429, message=PACE, times=2, headers={"Retry-After": "1.5"}):
        assert ask(index) == [0, 1, 2, 3]
    assert len(waits) == 2
    assert min(waits) >= 1.5  # what the server asks for is no less than that


def test_an_sdk_that_can_not_be_held_to_one_attempt_is_refused(
    make_pinecone: Make, pinecone_server: PineconeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pytest.importorskip("hellotutor.retrieval.pinecone.client")
    make_as_now = client.Pinecone

    def make_as_a_later_release(*given: Any, **named: Any) -> Any:
        made = make_as_now(*given, **named)
        made._http._client._transport = made._http._client._transport._transport
        return made

    monkeypatch.setattr(client, "Pinecone", make_as_a_later_release)
    for call in (ask, store, PineconeIndex.probe, lambda index: index.prepare(STAMP)):
        with refused("pinecone_sdk_unknown", is_retryable=False):
            call(make_pinecone())
    assert pinecone_server.requests == []


@pytest.mark.parametrize(("status", "code"), [(429, "pinecone_throttled"), (503, "pinecone_failed")])
def test_a_long_wait_is_left_to_the_caller_and_kept_to_meanwhile(
    status: int, code: str, index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    pinecone_server.forget_requests()
    with pinecone_server.fault("/query", status=status, message=PACE, headers={"Retry-After": "3600"}):
        for call in (ask, ask, store):
            with refused(code, is_retryable=True):
                call(index)
    assert pinecone_server.requests == ["POST /query"]


def test_a_wait_that_is_no_number_is_not_kept_to(index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    for told in ("Wed, 21 Oct 2026 07:28:00 GMT", "nan", "-5"):
        with pinecone_server.fault("/query", status=429, message=PACE, times=1, headers={"Retry-After": told}):
            assert ask(index) == [0, 1, 2, 3]


def test_a_key_that_was_revoked_is_refused_and_never_told(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pinecone_server.keys.clear()
    pinecone_server.forget_requests()
    told = []
    for call in (ask, store, PineconeIndex.probe, count, lambda index: index.prepare(STAMP)):
        with pytest.raises(Unavailable) as error:
            call(make_pinecone() if call is not store else index)
        assert (error.value.code, error.value.retryable) == ("pinecone_key_refused", False)
        assert "PINECONE_API_KEY" in error.value.message
        told.append("".join(traceback.format_exception(error.value)) + repr(error.value))
    assert len(pinecone_server.requests) == 5
    assert KEY not in "".join(told) + caplog.text + repr(vars(index._client))


def test_a_key_that_can_not_even_be_sent_is_refused(make_pinecone: Make, pinecone_server: PineconeServer) -> None:
    with refused("pinecone_key_refused", is_retryable=False):
        make_pinecone(api_key=f"{KEY}\n").prepare(STAMP)
    assert pinecone_server.requests == []


def test_an_index_that_was_deleted_is_missed_and_made_again_for_the_next_document(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    del pinecone_server.indexes["hellotutor"]
    for call in (ask, count, store):
        with refused("pinecone_index_missing", is_retryable=True):
            call(index)
    index.delete(**WHERE)
    index.forget(**WHERE, stamp=STAMP)
    assert list(index.list_versions()) == []
    index.probe()
    index.prepare(STAMP)
    assert count(index) == 0
    store(index)
    assert ask(index) == [0, 1, 2, 3]


def test_an_index_that_was_made_anew_for_another_model_is_named(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    pinecone_server.indexes["hellotutor"].fields["_values"]["dimension"] = 8
    for call in (ask, store):
        with refused("pinecone_wrong_dimension", is_retryable=False):
            call(index)
    with refused("pinecone_wrong_dimension", is_retryable=False):
        index.prepare(STAMP)


def test_a_service_that_is_down_is_unreachable_and_found_again_when_it_is_back(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    elsewhere = make_pinecone(host="http://127.0.0.1:9")
    for call in (ask, count, PineconeIndex.probe, lambda index: index.prepare(STAMP)):
        with refused("pinecone_unreachable", is_retryable=True):
            call(elsewhere)
    with pinecone_server.fault("/query", "reset"), refused("pinecone_unreachable", is_retryable=True):
        ask(index)
    assert ask(index) == [0, 1, 2, 3]


def test_a_probe_asks_once(index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    pinecone_server.forget_requests()
    index.probe()
    with pinecone_server.fault("/describe_index_stats"), refused("pinecone_failed", is_retryable=True):
        index.probe()
    assert pinecone_server.requests == ["POST /describe_index_stats"] * 2


def test_what_was_stored_before_a_batch_was_refused_stays_and_it_goes_on_there(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    vectors = np.random.default_rng(2).normal(size=(2_500, 16)).astype(np.float32)
    with (
        pinecone_server.fault("/vectors/upsert", after=1, status=403, message=STORAGE),
        refused("pinecone_quota", is_retryable=False),
    ):
        store(index, vectors)
    for process in (index, make_pinecone()):
        assert count(process) == 999
    store(index, vectors[999:], first=999)
    assert count(make_pinecone()) == 2_500


def test_a_batch_whose_answer_was_lost_is_stored_once(index: PineconeIndex, pinecone_server: PineconeServer) -> None:
    pinecone_server.forget_requests()
    with pinecone_server.fault("/vectors/upsert", "reset", times=1, is_done_first=True):
        store(index, VECTORS, first=4)
    assert pinecone_server.count("POST /vectors/upsert") == 2
    assert count(index) == 8
    assert ask(index) == list(range(8))


def test_a_listing_that_breaks_off_counts_nothing_instead_of_too_little(
    index: PineconeIndex, make_pinecone: Make, pinecone_server: PineconeServer
) -> None:
    with pinecone_server.fault("/vectors/list"), refused("pinecone_failed", is_retryable=True):
        count(make_pinecone())


def test_a_control_plane_that_fails_stops_nobody_who_knows_the_index(
    index: PineconeIndex, pinecone_server: PineconeServer
) -> None:
    with pinecone_server.fault("/indexes"):
        index.prepare(STAMP)
        store(index)
        assert ask(index) == [0, 1, 2, 3]
