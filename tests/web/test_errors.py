"""What is shown and what is reported when something fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, SuspiciousOperation, TooManyFilesSent
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, include, path
from pytest_django import Settings

from hellotutor.core.errors import Conflict, Forbidden, HelloTutorError, Invalid, NotFound, QuotaExceeded, Unavailable
from hellotutor.monitoring import catalogue
from hellotutor.monitoring.catalogue import Failure
from hellotutor.web import errors, middleware, uploads
from hellotutor.web.access import fails_as
from hellotutor.web.middleware import FailureMiddleware

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Captured = list[tuple[Failure, BaseException, dict[str, object]]]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Captured:
    """What is reported, in place of the service that is told."""
    told: Captured = []

    def tell(failure: Failure, error: BaseException, **fields: object) -> str:
        assert fields.keys() <= failure.fields
        told.append((failure, error, fields))
        return "e" * 32

    monkeypatch.setattr(middleware, "capture", tell)
    return told


def request_for(view: Callable[..., Any], **kwargs: object) -> HttpRequest:
    request = RequestFactory().get("/somewhere/", headers={"host": "localhost"})
    request.user = AnonymousUser()
    request.resolver_match = ResolverMatch(view, (), kwargs, url_name="somewhere", app_names=["web"])
    return request


def plain_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def answer_to(error: Exception, view: Callable[..., Any] = plain_view, **kwargs: object) -> HttpResponse | None:
    return FailureMiddleware(plain_view).process_exception(request_for(view, **kwargs), error)


@pytest.mark.parametrize(
    ("kind", "status"),
    [(Invalid, 422), (Forbidden, 403), (NotFound, 404), (Conflict, 409), (QuotaExceeded, 429), (Unavailable, 503)],
)
def test_an_error_of_ours_is_a_page_with_its_sentence_and_code(
    kind: type[HelloTutorError], status: int, captured: Captured
) -> None:
    response = answer_to(kind("some_code", "Do it <i>otherwise</i>."))
    assert response
    page = response.content.decode()
    assert response.status_code == status
    assert "some_code" in page
    assert "Do it &lt;i&gt;otherwise&lt;/i&gt;." in page
    assert not captured, "what was refused is no failure of ours"


def test_a_failure_is_reported_once_and_the_page_names_the_event(captured: Captured) -> None:
    error, document_id = ZeroDivisionError("secret text"), uuid.uuid4()
    response = answer_to(error, document_id=document_id)
    assert response
    assert response.status_code == 500
    assert "e" * 32 in response.content.decode()
    assert "secret text" not in response.content.decode()
    assert captured == [(catalogue.PAGE_VIEW, error, {"view": "somewhere", "document_id": str(document_id)})]


def test_a_failure_carries_the_row_and_the_fields_that_its_view_names(captured: Captured) -> None:
    request = request_for(fails_as(catalogue.INGEST_VIEW)(lambda request: None))
    request.failure_fields = {"filename": "notes.md"}  # type: ignore[attr-defined]
    FailureMiddleware(plain_view).process_exception(request, ZeroDivisionError())
    failure, _, fields = captured[0]
    assert failure is catalogue.INGEST_VIEW
    assert fields == {"filename": "notes.md"}


@pytest.mark.parametrize("error", [Http404(), PermissionDenied(), SuspiciousOperation(), TooManyFilesSent()])
def test_what_django_has_a_page_for_is_left_to_it(error: Exception, captured: Captured) -> None:
    assert answer_to(error) is None
    assert not captured


def test_a_failed_upload_is_reported_with_its_file_and_its_learner(
    client: Client, captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**kwargs: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(uploads, "receive_upload", break_down)
    response = client.post("/documents/", {"file": SimpleUploadedFile("notes.md", b"Text.")})
    assert response.status_code == 500
    [(failure, error, fields)] = captured
    assert failure is catalogue.INGEST_VIEW
    assert isinstance(error, RuntimeError)
    assert fields["filename"] == "notes.md"
    assert "user_id" in fields


def raise_late(request: HttpRequest) -> TemplateResponse:
    def text() -> str:
        raise ZeroDivisionError

    return TemplateResponse(request, engines["django"].from_string("{{ text }}").template, {"text": text})


async def raise_in_the_loop(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


@pytest.mark.parametrize("view", [raise_late, raise_in_the_loop])
def test_a_failure_in_a_template_or_an_asynchronous_view_is_a_page_too(
    client: Client, captured: Captured, settings: Settings, view: Callable[..., Any]
) -> None:
    settings.ROOT_URLCONF = (path("broken/", view, name="broken"), path("", include("hellotutor.web.urls")))
    signalled: list[object] = []

    def note(**details: object) -> None:
        signalled.append(details)

    got_request_exception.connect(note)
    response = client.get("/broken/")
    got_request_exception.disconnect(note)
    assert response.status_code == 500
    assert "Something inside HelloTutor failed" in response.content.decode()
    assert [fields["view"] for _, _, fields in captured] == ["broken"]
    assert not signalled, "Django would have it reported a second time"


class DatabaseIsDown:
    """Refuses every query."""

    def __enter__(self) -> None:
        self._context = connection.execute_wrapper(self._refuse)
        self._context.__enter__()

    def __exit__(self, *details: object) -> None:
        self._context.__exit__(*details)

    def _refuse(self, *arguments: object) -> None:
        raise OperationalError("the database is down")


@pytest.mark.parametrize("address", ["/", "/account/"])
def test_the_page_of_a_failure_needs_no_database(client: Client, captured: Captured, address: str) -> None:
    with DatabaseIsDown():
        response = client.get(address)
    assert response.status_code == 500
    assert "Something inside HelloTutor failed" in response.content.decode()
    assert [type(error) for _, error, _ in captured] == [OperationalError]


def test_a_page_that_is_not_there_needs_no_database_either(client: Client) -> None:
    with DatabaseIsDown():
        response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_htmx_gets_the_part_and_a_browser_the_page(client: Client, headers: dict[str, str]) -> None:
    text = client.get(f"/documents/{uuid.uuid4()}/", headers=headers).content.decode()
    assert ("<html" in text) == (not headers)
    assert 'role="alert"' in text or "<h1>" in text


def test_htmx_is_sent_to_the_sign_in_with_the_whole_page(visitors_client: Client) -> None:
    here = {"HX-Current-URL": "http://localhost/documents/?q=a&page=2"}
    response = visitors_client.get("/?part=working", headers=HTMX | here)
    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == "/sign-in/?next=%2Fdocuments%2F%3Fq%3Da%26page%3D2"
    assert not response.content


@pytest.mark.parametrize(
    ("referer", "wanted"), [("http://localhost/account/", "%2Faccount%2F"), ("http://evil.example/account/", "%2F")]
)
def test_a_form_of_a_visit_that_has_ended_leads_back_to_its_page(
    visitors_client: Client, referer: str, wanted: str
) -> None:
    response = visitors_client.post("/account/tokens/", headers={"Referer": referer})
    assert response.headers["Location"] == f"/sign-in/?next={wanted}"


def test_htmx_follows_other_redirects_itself(client: Client) -> None:
    response = client.post("/documents/", headers=HTMX)
    assert response.status_code == 302
    assert "HX-Redirect" not in response.headers


def test_a_wrong_method_is_a_page_that_names_the_right_ones(client: Client) -> None:
    response = client.get("/sign-out/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "<h1>" in response.content.decode()


def test_another_host_name_is_refused_in_plain_text(visitors_client: Client) -> None:
    response = visitors_client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/plain"
    assert "evil.example" not in response.content.decode()


def test_too_many_files_are_too_much_at_once(client: Client) -> None:
    response = client.post("/documents/", {"file": [SimpleUploadedFile(f"{n}.md", b"x") for n in range(21)]})
    assert response.status_code == 413
    assert "fewer files at a time" in response.content.decode()


def test_too_much_text_is_too_much_at_once(client: Client) -> None:
    response = client.post("/account/", {"name": "x" * (2 << 20)})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("show", "status"),
    [
        (lambda request: errors.bad_request(request, SuspiciousOperation()), 400),
        (lambda request: errors.forbidden(request, PermissionDenied()), 403),
        (lambda request: errors.not_found(request, Http404()), 404),
        (errors.server_error, 500),
    ],
)
def test_pages_of_last_resort_look_like_the_others(show: Callable[[HttpRequest], HttpResponse], status: int) -> None:
    response = show(RequestFactory().get("/", headers={"host": "localhost"}))
    assert response.status_code == status
    assert 'class="bar"' in response.content.decode()
