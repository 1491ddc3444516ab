"""Who may call: somebody who is known, and with a read-only token only to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from hellotutor.accounts.models import ApiToken

if TYPE_CHECKING:  # `rest_framework.views` imports this module while it is being imported itself
    from rest_framework.views import APIView


class IsSignedIn(BasePermission):
    """Lets known callers in; whose data they reach is decided by `accounts.access`."""

    # told to somebody who is known; who isn't is told that (401)
    code = "read_only_token"
    message = "This token may only read: make one that may write on the account page."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Say whether the call may go on."""
        is_known = bool(request.user and request.user.is_authenticated)
        return is_known and (request.method in SAFE_METHODS or not is_read_only(request))


def is_read_only(request: Request) -> bool:
    """Say whether this call may change nothing: where looking makes what is missing, it gets what is there."""
    return isinstance(request.auth, ApiToken) and request.auth.is_read_only
