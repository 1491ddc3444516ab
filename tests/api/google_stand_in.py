"""Google as far as a sign-in sees it: certificates served on loopback, and credentials really signed."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

CLIENT_ID = "ours.apps.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


CERTIFICATE = certificate(KEY)


class Google(HTTPServer):
    """Serves the certificates, and counts how often."""

    asked = 0
    status = 200
    max_age = 3600


class _Handler(BaseHTTPRequestHandler):
    server: Google

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Cache-Control", f"public, max-age={self.server.max_age}, must-revalidate")
        self.end_headers()
        self.wfile.write(json.dumps({"one": CERTIFICATE}).encode())

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def serve_certificates() -> Iterator[Google]:
    """Serve the certificates for as long as the context lasts."""
    with Google(("127.0.0.1", 0), _Handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def encode(part: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def sign(
    *, key: rsa.RSAPrivateKey = KEY, header: dict[str, Any] | None = None, without: str = "", **claims: Any
) -> str:
    """Return a credential as Google makes it, but for what is given."""
    now = int(time.time())
    payload = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT_ID,
        "sub": "google-1",
        "email": "Alice@Example.org",
        "hd": "example.org",
        "email_verified": True,
        "name": "Alice of Google",
        "iat": now,
        "exp": now + 600,
        **claims,
    }
    payload.pop(without, None)
    head = {"alg": "RS256", "kid": "one", "typ": "JWT", **(header or {})}
    signed = encode(head) + b"." + encode(payload)
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
