"""The account: a name, keys for programs, signing in by a link and out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from hellotutor.accounts.models import ApiToken, SignInLink, User
from hellotutor.accounts.tokens import create_sign_in_link, create_token, find_token
from hellotutor.core import clock

pytestmark = pytest.mark.django_db


def shown_token(page: str) -> str:
    return re.findall(r'value="(ht_[^"]+)"', page)[0]


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_a_name_can_be_changed(client: Client, alice: User) -> None:
    page = client.post("/account/", {"name": "  Alice \x00 Liddell  "}, follow=True).content.decode()
    alice.refresh_from_db()
    assert alice.name == "Alice Liddell"
    assert "Your name is changed." in page


def test_a_token_is_shown_once_and_opens_its_owners_data(client: Client, alice: User) -> None:
    response = client.post("/account/tokens/", {"name": "my script", "days": "30", "is_read_only": "on"})
    text = shown_token(response.content.decode())
    token = find_token(text)
    assert token
    assert (token.owner, token.is_read_only) == (alice, True)
    assert token.expires_at
    assert timedelta(days=29) < token.expires_at - clock.now() <= timedelta(days=30)
    assert "no-store" in response.headers["Cache-Control"]
    later = client.get("/account/").content.decode()
    assert text not in later
    assert "my script" in later
    assert text not in str(client.session.items())


def test_a_token_without_days_never_ends(client: Client) -> None:
    client.post("/account/tokens/", {"name": "my script", "days": ""})
    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " ", "days": "30"}, "token_without_name"),
        ({"name": "x", "days": "-1"}, "bad_days"),
        ({"name": "x", "days": "99999"}, "bad_days"),
        ({"name": "x", "days": "many"}, "bad_days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(client: Client, fields: dict[str, str], code: str) -> None:
    response = client.post("/account/tokens/", fields)
    assert response.status_code == 422
    assert code in response.content.decode()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_opens_nothing(client: Client, alice: User) -> None:
    token, text = create_token(owner=alice, name="old")
    page = client.post(f"/account/tokens/{token.public_id}/revoke/", follow=True).content.decode()
    assert find_token(text) is None
    assert "The token “old” is revoked." in page


def test_charlie_neither_sees_nor_revokes_alices_tokens(charlies_client: Client, alice: User) -> None:
    token, text = create_token(owner=alice, name="alices secret")
    assert "alices secret" not in charlies_client.get("/account/").content.decode()
    assert charlies_client.post(f"/account/tokens/{token.public_id}/revoke/").status_code == 404
    assert find_token(text)


def test_a_link_signs_in_once_and_changes_the_session(visitors_client: Client, alice: User) -> None:
    visitors_client.cookies["sessionid"] = "chosen-by-somebody-else"
    link = f"/sign-in/{create_sign_in_link(user=alice)}/"
    assert visitors_client.get(link).headers["Location"] == "/"
    assert visitors_client.cookies["sessionid"].value != "chosen-by-somebody-else"
    assert is_signed_in(visitors_client)
    other = Client(HTTP_HOST="localhost")
    again = other.get(link)
    assert again.status_code == 422
    assert "doesn’t work any more" in again.content.decode()
    assert "hellotutor link" in again.content.decode()
    assert not is_signed_in(other)


def test_the_same_link_again_in_the_browser_that_it_signed_in_leads_home(visitors_client: Client, alice: User) -> None:
    link = f"/sign-in/{create_sign_in_link(user=alice)}/"
    visitors_client.get(link)
    assert visitors_client.get(link).headers["Location"] == "/"


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_looking_ahead_uses_no_link_up(visitors_client: Client, alice: User, headers: dict[str, str]) -> None:
    link = f"/sign-in/{create_sign_in_link(user=alice)}/"
    assert visitors_client.get(link, headers=headers).status_code == 503
    assert visitors_client.head(link).status_code == 405
    assert SignInLink.objects.count() == 1
    visitors_client.get(link)
    assert is_signed_in(visitors_client)


def test_a_link_leads_to_the_page_that_was_wanted(visitors_client: Client, alice: User) -> None:
    wanted = visitors_client.get("/account/").headers["Location"]
    visitors_client.get(wanted)
    assert visitors_client.get(f"/sign-in/{create_sign_in_link(user=alice)}/").headers["Location"] == "/account/"
    visitors_client.post("/sign-out/")
    assert visitors_client.get(f"/sign-in/{create_sign_in_link(user=alice)}/").headers["Location"] == "/"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"]
)
def test_a_link_never_leads_to_another_service(visitors_client: Client, alice: User, wanted: str) -> None:
    visitors_client.get("/sign-in/", {"next": wanted})
    visitors_client.cookies["next_page"] = wanted
    assert visitors_client.get(f"/sign-in/{create_sign_in_link(user=alice)}/").headers["Location"] == "/"


def test_signing_out_needs_a_form_and_ends_the_visit(client: Client) -> None:
    assert client.get("/sign-out/").status_code == 405
    assert is_signed_in(client)
    client.post("/sign-out/")
    assert not is_signed_in(client)


def test_signing_out_leaves_nothing_in_the_browser_and_changes_the_token(client: Client) -> None:
    client.get("/account/")
    token = client.cookies["csrftoken"].value
    assert 'data-visitor="' in client.get("/account/").content.decode()
    response = client.post("/sign-out/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.cookies["csrftoken"].value != token, "by this a page that comes back sees that the visit has ended"
    assert "data-visitor" not in client.get("/sign-in/").content.decode()


def test_times_say_that_they_are_in_utc(client: Client, alice: User) -> None:
    used = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    token, _ = create_token(owner=alice, name="script")
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=used)
    page = client.get("/account/").content.decode()
    assert '<time datetime="2026-03-04T05:06:00+00:00">4 March 2026, 05:06 UTC</time>' in page


def test_it_needs_a_visitor_who_is_signed_in(visitors_client: Client) -> None:
    assert visitors_client.get("/account/").headers["Location"] == "/sign-in/?next=/account/"
    assert visitors_client.post("/account/tokens/", {"name": "x"}).status_code == 302
    assert not ApiToken.objects.exists()
