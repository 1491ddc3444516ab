"""What every answer carries, whatever it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.test import Client

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_sign_in_link

from .conftest import DocumentFactory

pytestmark = pytest.mark.django_db


def page(client: Client) -> HttpResponse:
    return client.get("/")


def static_file(client: Client) -> HttpResponse:
    return client.get(staticfiles_storage.url("web/app.css"))


def missing_page(client: Client) -> HttpResponse:
    return client.get("/nowhere/")


def missing_static_file(client: Client) -> HttpResponse:
    return client.get("/static/nothing.css")


def wrong_method(client: Client) -> HttpResponse:
    return client.get("/sign-out/")


def wrong_host(client: Client) -> HttpResponse:
    return client.get("/", headers={"host": "evil.example"})


def health(client: Client) -> HttpResponse:
    return client.get("/healthz")


ANSWERS = [page, static_file, missing_page, missing_static_file, wrong_method, wrong_host, health]


@pytest.mark.parametrize("ask", ANSWERS)
def test_every_answer_keeps_uploaded_content_harmless(client: Client, ask: Callable[[Client], HttpResponse]) -> None:
    headers = ask(client).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_pages_are_asked_for_anew_and_static_files_never(client: Client) -> None:
    assert page(client).headers["Cache-Control"] == "private, no-cache"
    assert "immutable" in static_file(client).headers["Cache-Control"]


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(visitors_client: Client, alice: User) -> None:
    visitors_client.get(f"/sign-in/{create_sign_in_link(user=alice)}/")
    visitors_client.get("/account/")
    session = visitors_client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert visitors_client.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_form_without_its_token_is_refused_in_words(document: DocumentFactory) -> None:
    browser = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    shown = document()
    browser.force_login(shown.owner)
    response = browser.post(f"/documents/{shown.public_id}/delete/")
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize("address", ["/", "/account/", "/sign-in/"])
def test_no_page_holds_what_its_own_policy_forbids(client: Client, document: DocumentFactory, address: str) -> None:
    shown = document()
    for url in (address, f"/documents/{shown.public_id}/"):
        text = client.get(url).content.decode()
        assert "<script>" not in text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "javascript:" not in text
