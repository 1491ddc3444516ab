"""Signing in with Google: who is believed. The tokens are really signed, the certificates really served."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.api.conftest import assert_problem
from tests.api.google_stand_in import CERTIFICATE, CLIENT_ID, OTHER_KEY, Google, encode, serve_certificates, sign

from hellotutor.accounts import google
from hellotutor.accounts.google import Certificates
from hellotutor.accounts.models import ApiToken, GoogleIdentity, User
from hellotutor.api.views import auth
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/google/"


@pytest.fixture
def server() -> Iterator[Google]:
    with serve_certificates() as served:
        yield served


@pytest.fixture
def certificates(server: Google, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Certificates:
    """The service as it is set up for tests: its certificates come from loopback."""
    settings.GOOGLE_CLIENT_ID = CLIENT_ID
    served = Certificates(f"http://127.0.0.1:{server.server_port}/certs")
    monkeypatch.setattr(auth, "certificates", served)
    return served


def sign_in(credential: Any) -> Any:
    return APIClient(HTTP_HOST="localhost").post(URL, {"credential": credential}, format="json")


def test_a_verified_address_is_linked_once_and_known_by_its_subject_from_then_on(
    alice: User, certificates: Certificates
) -> None:
    answered = sign_in(sign())
    assert answered.status_code == 200, answered.content
    body = answered.json()
    assert body["user"] == {"id": str(alice.public_id), "email": "alice@example.org", "name": "Alice"}
    client = APIClient(HTTP_HOST="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert client.get("/api/v1/documents/").status_code == 200
    token = ApiToken.objects.get()
    assert token.name == "Google sign-in"
    assert token.expires_at
    assert timedelta(days=29) < token.expires_at - clock.now() <= timedelta(days=30)
    assert sign_in(sign(email="moved@example.org")).json()["user"]["id"] == str(alice.public_id)
    assert GoogleIdentity.objects.count() == 1


def test_another_google_account_with_the_same_address_is_not_let_in(alice: User, certificates: Certificates) -> None:
    sign_in(sign())
    assert_problem(sign_in(sign(sub="google-2")), 403, "sign_up_closed")


@pytest.mark.parametrize("claims", [{"without": "hd"}, {"hd": "other.example"}])
def test_an_address_that_google_does_not_give_out_is_not_linked(
    alice: User, certificates: Certificates, claims: dict[str, str]
) -> None:
    assert_problem(sign_in(sign(**claims)), 403, "sign_up_closed")
    assert not GoogleIdentity.objects.exists()


def test_one_of_gmails_addresses_is_linked(certificates: Certificates) -> None:
    User.objects.create_user("bob@gmail.com")
    assert sign_in(sign(email="bob@gmail.com", without="hd")).status_code == 200


def test_nobody_signs_up(alice: User, certificates: Certificates) -> None:
    assert_problem(sign_in(sign(email="stranger@example.org")), 403, "sign_up_closed")
    assert User.objects.count() == 1


def test_whose_account_is_closed_is_not_let_in(alice: User, certificates: Certificates) -> None:
    sign_in(sign())
    User.objects.update(is_active=False)
    assert_problem(sign_in(sign()), 403, "sign_up_closed")


def forged_with_the_public_key() -> str:
    signed = encode({"alg": "HS256", "kid": "one"}) + b"." + sign().split(".")[1].encode()
    signature = hmac.new(CERTIFICATE.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def unsigned() -> str:
    return (encode({"alg": "none"}) + b"." + sign().split(".")[1].encode() + b".").decode()


def with_other_claims() -> str:
    header, _, signature = sign().split(".")
    claims = encode({"iss": "accounts.google.com", "aud": CLIENT_ID, "sub": "x", "iat": 1, "exp": 9e9})
    return ".".join((header, claims.decode(), signature))


@pytest.mark.parametrize(
    "credential",
    [
        sign(key=OTHER_KEY),
        sign(header={"kid": "two"}),
        sign(header={"kid": None}),
        sign(header={"kid": ["one"]}),
        sign(header={"alg": "ES256"}),
        forged_with_the_public_key(),
        unsigned(),
        with_other_claims(),
        sign(aud="theirs.apps.example"),
        sign(aud=None),
        sign(aud=[CLIENT_ID, "theirs"]),
        sign(iss="https://accounts.example.org"),
        sign(iss=["accounts.google.com"]),
        sign(iat=int(time.time()) - 900, exp=int(time.time()) - 60),
        sign(iat=int(time.time()) + 600, exp=int(time.time()) + 1200),
        sign(exp="tomorrow"),
        sign(without="exp"),
        sign(without="sub"),
        sign(sub=7),
        sign(sub=""),
        sign(email=None),
        sign(email_verified=False),
        sign(email_verified="true"),
        sign(without="email_verified"),
        "garbage",
        "a.b.c",
        "..",
        "é.é.é",
        "=" * 9_000,
    ],
)
def test_what_isnt_googles_word_about_us_is_not_believed(
    alice: User, certificates: Certificates, credential: str
) -> None:
    assert_problem(sign_in(credential), 422, "credential_not_valid")
    assert not ApiToken.objects.exists()
    assert not GoogleIdentity.objects.exists()


def test_what_is_no_credential_at_all_is_refused(certificates: Certificates) -> None:
    for nothing in ("", None, 7, ["x"], "x" * 10_001):
        answered = sign_in(nothing)
        assert answered.status_code == 422, answered.content


def test_both_issuers_and_a_small_skew_are_taken(alice: User, certificates: Certificates) -> None:
    assert sign_in(sign(iss="accounts.google.com")).status_code == 200
    now = int(time.time())
    assert sign_in(sign(iat=now + 5)).status_code == 200
    assert sign_in(sign(iat=now - 600, exp=now - 5)).status_code == 200


def test_without_a_client_id_nobody_is_let_in(alice: User, certificates: Certificates, settings: Any) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    problem = assert_problem(sign_in(sign(aud="")), 503, "google_not_configured")
    assert problem["retryable"] is False


def test_certificates_are_fetched_once_while_they_last_and_outlive_an_outage(
    server: Google, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = certificates.get()
    assert certificates.get() == held
    assert server.asked == 1
    later = clock.now() + timedelta(seconds=server.max_age + 1)
    monkeypatch.setattr(google.clock, "now", lambda: later)
    server.status = 500
    assert certificates.get() == held
    assert certificates.get() == held  # an outage is not asked about at every call
    assert server.asked == 2


def test_without_any_certificate_the_caller_is_told_to_come_back(
    alice: User, server: Google, certificates: Certificates
) -> None:
    server.status = 500
    answered = sign_in(sign())
    assert_problem(answered, 503, "google_unreachable")
    assert answered.headers["Retry-After"]
    with pytest.raises(Unavailable):
        Certificates("http://127.0.0.1:1/", timeout_s=0.2).get()
