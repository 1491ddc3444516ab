"""Signing in with Google: is this credential really Google's, meant for us and fresh, and whose is it here?

There is no signing up: whoever isn't known by the subject of the Google account is let in only where somebody here has
the very address that Google has verified and gives out itself, and no Google account yet.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from django.db import IntegrityError, transaction

from hellotutor.core import clock
from hellotutor.core.errors import Forbidden, Invalid, Unavailable
from hellotutor.monitoring import capture, catalogue, count

from .models import GoogleIdentity, User

CERTIFICATES_URL = "https://www.googleapis.com/oauth2/v1/certs"
_ISSUERS = ("accounts.google.com", "https://accounts.google.com")
_TIMEOUT_S = 5.0
_SKEW_S = 10
_MOST_BYTES = 1 << 20
_MOST_CREDENTIAL_CHARACTERS = 10_000
_SHORTEST_AGE = timedelta(minutes=1)  # also between two attempts while Google can't be reached
_LONGEST_AGE = timedelta(days=1)
_REPORT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who Google says somebody is; the address is verified.

    Attributes:
        is_authoritative: whether Google itself gives out this address: one of Gmail's, or of a domain that it hosts.
            Any other may have passed to somebody else since Google verified it.
    """

    subject: str
    email: str
    name: str
    is_authoritative: bool


class Certificates:
    """Google's certificates, fetched when they are old; those at hand serve on while Google can't be reached.

    google-auth fetches them at every verification: they are kept here instead, for as long as Google says.
    """

    def __init__(self, url: str = CERTIFICATES_URL, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._held: dict[str, str] = {}
        self._fresh_until: datetime | None = None
        self._lock = threading.Lock()

    def get(self) -> Mapping[str, str]:
        """Return the certificates in PEM by their key's id.

        Raises:
            Unavailable: there are none, and they can't be fetched (`google_unreachable`).
        """
        with self._lock:
            if self._fresh_until is None or clock.now() >= self._fresh_until:
                self._refresh()
            return self._held

    def _refresh(self) -> None:
        try:
            self._held, age = self._fetch()
        except (OSError, ValueError, HTTPException) as error:
            if not self._held:
                message = "Google's certificates can't be fetched just now: try again."
                raise Unavailable("google_unreachable", message) from error
            age = _SHORTEST_AGE
        self._fresh_until = clock.now() + age

    def _fetch(self) -> tuple[dict[str, str], timedelta]:
        with urllib.request.urlopen(self._url, timeout=self._timeout_s) as answer:  # noqa: S310 - the URL is ours
            found = json.loads(answer.read(_MOST_BYTES))
            lasts = re.search(r"max-age=(\d{1,9})", answer.headers.get("Cache-Control", ""))
        if not isinstance(found, dict) or not all(isinstance(pem, str) for pem in found.values()):
            raise ValueError("these are no certificates")
        age = timedelta(seconds=int(lasts[1])) if lasts else _SHORTEST_AGE
        return found, min(max(age, _SHORTEST_AGE), _LONGEST_AGE)


certificates = Certificates()


class _Reports:
    """Lets one report of each kind through in ten minutes: anybody may send credentials, and could send many."""

    def __init__(self) -> None:
        self._sent: dict[type[Exception], datetime] = {}

    def may_send(self, kind: type[Exception]) -> bool:
        """Say whether this kind hasn't been reported lately."""
        now = clock.now()
        is_due = kind not in self._sent or now - self._sent[kind] >= _REPORT_EVERY
        if is_due:
            self._sent[kind] = now
        return is_due


_reports = _Reports()


def sign_in_with_google(*, credential: str, client_id: str, certificates: Certificates) -> User:
    """Return the user that a credential belongs to.

    Args:
        credential: an ID token of Google's.
        client_id: the service that it has to be meant for.
        certificates: Google's.

    Raises:
        Unavailable: Google sign-in isn't set up (`google_not_configured`, `google_not_installed`), or Google can't be
            reached.
        Invalid: the credential isn't to be believed (`credential_not_valid`).
        Forbidden: nobody here belongs to it (`sign_up_closed`).
    """
    if not client_id:
        message = "Google sign-in is not set up here: GOOGLE_CLIENT_ID is missing."
        raise Unavailable("google_not_configured", message, retryable=False)
    try:
        profile = verify_credential(credential, client_id, certificates.get())
    except (Invalid, Unavailable) as error:
        count(f"google.{error.code}")
        if _reports.may_send(type(error)):
            capture(catalogue.GOOGLE_TOKEN, error, error_type=type(error.__cause__ or error).__name__)
        raise
    return _find_user(profile)


def verify_credential(credential: str, client_id: str, keys: Mapping[str, str]) -> Profile:
    """Return whom a credential is about.

    Raises:
        Invalid: it is forged, malformed, expired, not meant for us, or about an unverified address
            (`credential_not_valid`); its cause says which.
    """
    try:
        return _profile(_decode(credential, client_id, keys))
    except (ValueError, TypeError) as error:
        message = "Google's credential can't be believed: sign in again."
        raise Invalid("credential_not_valid", message) from error


def _decode(credential: str, client_id: str, keys: Mapping[str, str]) -> Mapping[str, Any]:
    if len(credential) > _MOST_CREDENTIAL_CHARACTERS or not client_id:
        raise ValueError("too long, or meant for nobody")
    try:
        from google.auth import jwt
        from google.auth.exceptions import GoogleAuthError
    except ImportError as error:
        message = 'Google sign-in is not installed here: pip install "hellotutor[google]".'
        raise Unavailable("google_not_installed", message, retryable=False) from error
    header: Mapping[str, Any] = jwt.decode_header(credential)  # type: ignore[no-untyped-call]
    if header.get("alg") != "RS256" or header.get("kid") not in keys:  # Google signs with nothing else
        raise ValueError("another algorithm or key")
    try:
        claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
            credential, certs=keys, audience=client_id, clock_skew_in_seconds=_SKEW_S
        )
    except GoogleAuthError as error:  # most of them are ValueErrors, but not all
        raise ValueError("refused by google-auth") from error
    return claims


def _profile(claims: Mapping[str, Any]) -> Profile:
    if claims.get("iss") not in _ISSUERS:
        raise ValueError("another issuer")
    subject, email = claims.get("sub"), claims.get("email")
    if not (isinstance(subject, str) and 0 < len(subject) <= 255 and isinstance(email, str) and email):
        raise ValueError("no subject or no address")
    if claims.get("email_verified") is not True:
        raise ValueError("the address is not verified")
    email = email.strip().lower()
    domain = email.rpartition("@")[2]
    hosted = str(claims.get("hd") or "").lower()
    return Profile(subject, email, str(claims.get("name") or "")[:200], domain in ("gmail.com", hosted))


def _find_user(profile: Profile) -> User:
    known = GoogleIdentity.objects.select_related("user").filter(subject=profile.subject).first()
    user = known.user if known else _link(profile)
    if user is None or not user.is_active:
        message = "Nobody here has this Google account's address: ask the operator for an account."
        raise Forbidden("sign_up_closed", message)
    if profile.name and not user.name:
        user.name = profile.name
        user.save(update_fields=["name"])
    return user


def _link(profile: Profile) -> User | None:
    """Return the user with this address who has no Google account yet, and has this one from now on.

    Only where Google is the authority for the address: see developers.google.com, "Verify the Google ID token".
    """
    if not profile.is_authoritative:
        return None
    try:
        with transaction.atomic():
            users = User.objects.select_for_update().filter(email=profile.email, is_active=True)
            user = users.exclude(google_identities__isnull=False).first()
            if user:
                GoogleIdentity.objects.create(user=user, subject=profile.subject)
            return user
    except IntegrityError:  # signed in twice at once: the other one has linked it
        return User.objects.filter(google_identities__subject=profile.subject).first()
