"""Who calls: a bearer token, or the cookie of somebody signed in at the pages."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from hellotutor.accounts.models import ApiToken, User
from hellotutor.accounts.tokens import find_token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ht_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the owner of the token; None where there is no bearer token.

        Raises:
            AuthenticationFailed: there is no such token (any more).
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = find_token(text.strip())
        if token is None:
            raise AuthenticationFailed("The token is unknown, revoked or expired.", code="token_not_valid")
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """Say what is missing where nothing was given."""
        return 'Bearer realm="HelloTutor"'


class CookieAuthentication(SessionAuthentication):
    """The pages' own calls; what changes something needs the token against forgery."""

    def enforce_csrf(self, request: Request) -> None:
        """Refuse what another site may have sent.

        Raises:
            PermissionDenied: the token is missing or wrong (`csrf_failed`).
        """
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied("The header X-CSRFToken is missing or wrong.", code="csrf_failed") from error
