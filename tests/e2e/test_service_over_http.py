"""The whole way of a document through the running service, by its API alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from tests.e2e.running import Event, Service, running_service, wait_until

from hellotutor.core.text import is_verbatim, normalise

INDEXED_S = 600  # a book, on a busy machine


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that has not seen the book yet."""
    with running_service(tmp_path_factory.mktemp("over-http") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.token()


@pytest.fixture(scope="module")
def book_path(shared_data: Path) -> Path:
    return shared_data / "books" / "freeculture.pdf"


@pytest.fixture(scope="module")
def printed_pages(book_path: Path) -> list[str]:
    """The text of every page, read past the service."""
    with pypdfium2.PdfDocument(book_path) as document:
        return [page.get_textpage().get_text_range() for page in document]


class Api:
    """The API of one learner, whose answers must be the expected ones."""

    def __init__(self, service: Service, token: str) -> None:
        self.service, self.token = service, token

    def get(self, path: str) -> Any:
        return self._ask("GET", path, 200)

    def post(self, path: str, body: Any, *, status: int = 200) -> Any:
        return self._ask("POST", path, status, json_body=body)

    def upload(self, path: Path) -> Any:
        return self._ask("POST", "documents/", 202, file=path)

    def watch(self, document: str) -> list[Event]:
        return list(self.service.events("GET", f"/api/v1/documents/{document}/", token=self.token))

    def _ask(self, method: str, path: str, status: int, **given: Any) -> Any:
        answer = self.service.api(method, f"/api/v1/{path}", token=self.token, **given)
        assert answer.status == status, answer.body
        return answer.json


@pytest.fixture(scope="module")
def api(service: Service, token: str) -> Api:
    return Api(service, token)


@pytest.fixture(scope="module")
def book(api: Api, book_path: Path) -> Any:
    """The book, as soon as it can be studied."""
    uploaded = api.upload(book_path)
    for event in api.service.events("GET", f"/api/v1/documents/{uploaded['id']}/", token=api.token):
        assert event.name in ("progress", "done")
        if event.data["status"] in ("embedding", "indexed"):
            return event.data
    raise AssertionError("the events ended before the book was read")


@pytest.fixture(scope="module")
def early_session(api: Api, book: Any) -> Any:
    """A session that was started while the book was still being embedded."""
    session = api.post("sessions/", {"document_ids": [book["id"]], "count": 4}, status=201)
    assert api.get(f"documents/{book['id']}/")["status"] == "embedding"
    return session


@pytest.fixture(scope="module")
def indexed_book(api: Api, book: Any, early_session: Any) -> Any:
    wait_until(lambda: api.get(f"documents/{book['id']}/")["status"] == "indexed", seconds=INDEXED_S)
    return api.get(f"documents/{book['id']}/")


def assert_it_stands_there(api: Api, evidence: Any, printed_pages: list[str]) -> None:
    """Look the quote up in the service's page, by its offsets, and in the PDF itself."""
    assert is_verbatim(evidence["quote"], printed_pages[evidence["page"] - 1])
    page = api.get(f"documents/{evidence['document_id']}/pages/{evidence['page_ordinal']}/")
    assert page["page"] == evidence["page"]
    assert normalise(evidence["quote"]).text == page["text"][evidence["start"] : evidence["end"]]


def test_a_session_runs_from_the_first_question_to_its_insights_while_the_book_is_embedded(
    api: Api, book: Any, early_session: Any, printed_pages: list[str]
) -> None:
    assert book["progress"]["pages_read"] == len(printed_pages)
    session, question, asked = early_session, early_session["question"], set[str]()
    while question:
        asked.add(question["prompt"])
        given = {"choice": 0} if question["choices"] else {"text": "It was the law of copyright."}
        graded = api.post(f"sessions/{session['id']}/answers/", {"question_id": question["id"], "attempt": 1, **given})
        assert graded["verdict"] in ("correct", "partial", "incorrect", "unsure")
        assert graded["feedback"]
        assert_it_stands_there(api, graded["evidence"], printed_pages)
        question = graded["next_question"]
    assert len(asked) == 4
    api.post(f"sessions/{session['id']}/finish/", {})
    insights = api.get(f"sessions/{session['id']}/insights/")
    assert insights["summary"]
    assert insights["metrics"]["answered"] == 4
    assert sum(insights["metrics"]["verdicts"].values()) == 4
    assert {item["question_id"] for found in insights["swot"].values() for item in _evidence(found)}


def _evidence(found: Any) -> list[Any]:
    return [evidence for item in found for evidence in item["evidence"]]


def test_the_progress_only_grows_until_everything_is_in_the_index(api: Api, book: Any, early_session: Any) -> None:
    *progress, done = api.watch(book["id"])
    assert {event.name for event in progress} <= {"progress"}
    embedded = [event.data["progress"]["passages_embedded"] for event in [*progress, done]]
    assert embedded == sorted(embedded)
    assert (done.name, done.data["status"]) == ("done", "indexed")
    assert embedded[-1] == done.data["progress"]["passages_read"] > 1000


def test_a_reply_cites_what_stands_on_the_page(api: Api, indexed_book: Any, printed_pages: list[str]) -> None:
    asked = {"message": "Who invented FM radio?", "document_ids": [indexed_book["id"]]}
    replied = api.post("chat/", asked)
    assert replied["grounded"]
    assert replied["citations"]
    for citation in replied["citations"]:
        assert f"[{citation['number']}]" in replied["reply"]
        assert_it_stands_there(api, citation, printed_pages)
    talk = api.get(f"chat/{replied['session_id']}/")
    assert [message["role"] for message in talk["messages"]] == ["learner", "tutor"]


def test_a_streamed_reply_comes_sentence_by_sentence_and_whole_at_the_end(
    api: Api, indexed_book: Any, printed_pages: list[str]
) -> None:
    asked = {"message": "Who invented FM radio?", "document_ids": [indexed_book["id"]]}
    events = list(api.service.events("POST", "/api/v1/chat/", token=api.token, json_body=asked))
    assert [event.name for event in events] == ["start", *["text"] * (len(events) - 2), "done"]
    done = events[-1].data
    assert done["grounded"]
    assert done["session_id"] == events[0].data["session_id"]
    said = " ".join(event.data["text"] for event in events[1:-1])
    assert said.split() == done["reply"].split()
    for citation in done["citations"]:
        assert_it_stands_there(api, citation, printed_pages)


def test_what_the_documents_do_not_answer_is_said_to_be_so(api: Api, indexed_book: Any) -> None:
    asked = {"message": "How do mitochondria make ATP?", "document_ids": [indexed_book["id"]]}
    assert not api.post("chat/", asked)["grounded"]


def test_the_same_bytes_again_are_the_document_that_is_there(api: Api, book: Any, book_path: Path) -> None:
    again = api.upload(book_path)
    assert (again["id"], again["is_new"]) == (book["id"], False)


def test_a_file_that_cannot_be_read_ends_as_failed_and_says_why(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "torn.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"torn to pieces " * 200)
    *_, done = api.watch(api.upload(path)["id"])
    assert (done.name, done.data["status"]) == ("done", "failed")
    assert done.data["error"]["code"] == "unreadable_pdf"
    assert done.data["error"]["message"].endswith(".")


def test_what_cannot_be_a_document_is_refused_at_once(service: Service, token: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.pdf"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    refused = service.api("POST", "/api/v1/documents/", token=token, file=path)
    assert (refused.status, refused.json["code"]) == (422, "unsupported_type")
    assert refused.headers["Content-Type"] == "application/problem+json"
