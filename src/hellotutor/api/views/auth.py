"""Signing in with Google, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.accounts.google import certificates, sign_in_with_google
from hellotutor.accounts.tokens import create_token
from hellotutor.core import clock
from hellotutor.monitoring import catalogue

from ..serializers.auth import CredentialSerializer, SignedInSerializer, UserSerializer
from .base import ApiView

_TOKEN_LIFETIME = timedelta(days=30)


class GoogleAuthView(ApiView):
    """Signing in with Google."""

    failure = catalogue.GOOGLE_AUTH_VIEW
    authentication_classes = []
    permission_classes = [AllowAny]
    problems: ClassVar = {"POST": (403, 503)}

    @extend_schema(
        operation_id="sign_in_with_google",
        summary="Sign in with Google",
        description="For somebody who has an account here already: known by the Google account, the first time by its "
        "address.",
        request=CredentialSerializer,
        responses=SignedInSerializer,
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        """Give a token for a credential of Google's."""
        credential = self.take(request, CredentialSerializer)["credential"]
        user = sign_in_with_google(
            credential=credential, client_id=settings.GOOGLE_CLIENT_ID, certificates=certificates
        )
        _, text = create_token(owner=user, name="Google sign-in", expires_at=clock.now() + _TOKEN_LIFETIME)
        body = {"token": text, "user": UserSerializer(user).data}
        return Response(body, headers={"Cache-Control": "no-store"})
