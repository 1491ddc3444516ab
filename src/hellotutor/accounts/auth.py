"""The tenant tag: what keeps one owner's objects, segments and vectors apart from another's outside the database."""

from __future__ import annotations

import hashlib
import hmac
import uuid

from django.conf import settings

from hellotutor.core.errors import Unavailable
from hellotutor.monitoring import capture, catalogue

_DOMAIN = b"hellotutor/tenant-tag/v1:"
_TAG_HEX_DIGITS = 40  # 160 bits


def get_tenant_tag(user_id: uuid.UUID) -> str:
    """Return the owner's tag: HMAC-SHA256(HMAC_SECRET, user_id), domain-separated, 160 bits in hexadecimal.

    Args:
        user_id: the public id of the owner of the data, which is not always the person who asks.

    Raises:
        Unavailable: HMAC_SECRET is not configured (`hmac_secret_missing`).
        TypeError: `user_id` is no UUID.
    """
    secret: str = settings.HMAC_SECRET
    if not secret:
        error = Unavailable(
            "hmac_secret_missing", "HMAC_SECRET is not configured: set it to a long random value.", retryable=False
        )
        capture(catalogue.TENANT_TAG_CONFIGURATION, error, user_id=str(user_id))
        raise error
    if not isinstance(user_id, uuid.UUID):
        mistake = TypeError(f"a tenant tag is made from a UUID, not from {type(user_id).__name__}")
        capture(catalogue.TENANT_TAG, mistake)
        raise mistake
    return hmac.new(secret.encode(), _DOMAIN + user_id.bytes, hashlib.sha256).hexdigest()[:_TAG_HEX_DIGITS]
