"""Signing in with Google."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CredentialSerializer(serializers.Serializer[Any]):
    """What Google's sign-in button gives."""

    credential = serializers.CharField(max_length=10_000, help_text="An ID token of Google's.")


class UserSerializer(serializers.Serializer[Any]):
    """Who signed in."""

    id = serializers.UUIDField(source="public_id")
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)


class SignedInSerializer(serializers.Serializer[Any]):
    """A token for the API, and whose it is."""

    token = serializers.CharField(help_text="Shown this once; it ends after 30 days.")
    user = UserSerializer()
