"""Finds secrets in text by their shape: the second line, behind never sending the text at all."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

REDACTED = "[redacted]"

# Longer text is cut, at white space, before it is searched; what is sent is far shorter.
_LONGEST = 2_000

_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)"
    r"|AIza[\w-]{6,}"  # Google API keys
    r"|(?:GOCSPX-|ya29\.)[\w-]+"  # Google OAuth
    r"|\b(?:sk|pk|rk)-[\w-]{6,}"  # OpenAI and those who copy its form
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{6,}"  # AWS key ids
    r"|\bpcsk_\w+"  # Pinecone
    r"|\b(?:gh[pousr]|github_pat|glpat|hf|xox[abprs])[_-][\w-]{6,}"
    r"|\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}"  # JSON web tokens
    r"|\b(?:Bearer|Basic|Token)\s+[\w.~+/=-]{6,}"
    r"|(?<=://)[^\s/@]+@"  # credentials in a URL, a Sentry DSN's key among them
    r"|(?<=\?)[^\s\"'<>]*=[^\s\"'<>]*"  # a URL's query string, presigned signatures among them
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b"  # e-mail addresses
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,7}(?![\w:])|(?<![\w:])::[0-9A-Fa-f]{1,4}\b"
    r"|(?:pass(?:word|wd)?|pwd|secret|token|api[_-]?key|key|authorization|signature|sig|credential|cookie|session|dsn)"
    r"[\w-]*[\"']?\s*[:=]\s*[\"']?(?:(?:Bearer|Basic|Token)\s+)?[^\s\"'&,;}]+",
    re.IGNORECASE,
)
# A run this long that mixes letters and digits and is no hexadecimal id is taken for a key, whoever made it.
_LONG_RUN = re.compile(r"(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])(?![0-9a-fA-F/-]+(?![\w+/=-]))[\w+/=-]{32,}")
_PERCENT_RUN = re.compile(r"[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
_BASE64_RUN = re.compile(r"[\w+/-]{12,}={0,2}")


def redact(text: str) -> str:
    """Return `text` with what looks like a secret, an address or a person's contact replaced.

    Redact before cutting: a key cut in half no longer looks like one. Text past 2,000 characters is dropped.
    """
    if len(text) > _LONGEST:
        text = (text[:_LONGEST].rsplit(None, 1) or [""])[0] if re.search(r"\s", text[:_LONGEST]) else REDACTED
    text = _PERCENT_RUN.sub(_redact_encoded, text)
    text = _BASE64_RUN.sub(_redact_base64, text)
    return _LONG_RUN.sub(REDACTED, _SECRETS.sub(REDACTED, text))


def _has_secret(text: str) -> bool:
    return bool(_SECRETS.search(text) or _LONG_RUN.search(text))


def _redact_encoded(match: re.Match[str]) -> str:
    decoded = unquote(unquote(match.group()))
    return REDACTED if _has_secret(decoded) else match.group()


def _redact_base64(match: re.Match[str]) -> str:
    run = match.group()
    padded = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return run
    return REDACTED if _has_secret(decoded) else run
