"""API tokens and one-time sign-in links: random, kept as digests only.

A digest without salt or stretching is enough: what it hides has 256 random bits, which can't be guessed.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from hellotutor.core import clock
from hellotutor.core.errors import Invalid

from .models import ApiToken, SignInLink, User

LINK_LIFETIME = timedelta(hours=24)
_TOKEN_START = "ht_"  # noqa: S105 - lets scanners of repositories know a leaked token
_BYTES = 32
_SHOWN_CHARACTERS = 8
_USED_EVERY = timedelta(minutes=1)


def create_token(
    *, owner: User, name: str, is_read_only: bool = False, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token; its text is returned this once and can't be shown again.

    Args:
        owner: whose data it opens.
        name: what its owner calls it.
        is_read_only: whether it may only read.
        expires_at: when it ends; never where None.

    Raises:
        Invalid: it has no name (`token_without_name`), or would have expired already (`token_expired`).
    """
    name = name.strip()[:100]
    if not name:
        raise Invalid("token_without_name", "Give the token a name, so that you can tell it from others.")
    if expires_at and expires_at <= clock.now():
        raise Invalid("token_expired", "The token would have expired already: choose a later day.")
    text = _TOKEN_START + secrets.token_urlsafe(_BYTES)
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        prefix=text[:_SHOWN_CHARACTERS],
        digest=_digest(text),
        is_read_only=is_read_only,
        expires_at=expires_at,
    )
    return token, text


def find_token(text: str) -> ApiToken | None:
    """Return the token with this text, unless it or its owner has ended; its last use is kept to the minute."""
    now = clock.now()
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    token = ApiToken.objects.select_related("owner").filter(alive, digest=_digest(text), owner__is_active=True).first()
    if token and (token.last_used_at is None or now - token.last_used_at >= _USED_EVERY):
        token.last_used_at = now
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)  # it may be revoked at the moment
    return token


def create_sign_in_link(*, user: User) -> str:
    """Return the secret of a link that signs `user` in, once, within a day; earlier ones end."""
    text = secrets.token_urlsafe(_BYTES)
    with transaction.atomic():
        list(User.objects.select_for_update().filter(pk=user.pk))  # of two made at once the later one lives
        SignInLink.objects.filter(Q(user=user) | Q(expires_at__lte=clock.now())).delete()
        SignInLink.objects.create(user=user, digest=_digest(text), expires_at=clock.now() + LINK_LIFETIME)
    return text


def use_sign_in_link(text: str) -> User:
    """Return the user of a link, which ends with this.

    Raises:
        Invalid: it was used already, has expired, or never was (`link_not_valid`).
    """
    with transaction.atomic():
        link = SignInLink.objects.select_for_update().select_related("user").filter(digest=_digest(text)).first()
        # the delete decides who of two that come at once is let in
        is_mine = link is not None and SignInLink.objects.filter(pk=link.pk).delete()[0] == 1
    if link is None or not is_mine or link.expires_at <= clock.now() or not link.user.is_active:
        raise Invalid(
            "link_not_valid",
            "This sign-in link has been used or has expired: make a new one with hellotutor link.",
        )
    return link.user


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
