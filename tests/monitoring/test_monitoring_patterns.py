from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.monitoring.patterns import REDACTED, redact

SECRETS = [
    "AIza" + "SyD4n0t0U5e7hi5K3yAnywhere_0123456789",
    "sk-" + "proj-abcDEF0123456789ghiJKL",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    "pcsk_" + "2Ab3Cd_4Ef5Gh6Ij7Kl8Mn",
    "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_" + "11AAAAAAA0aaaaaaaaaaaa",
    "xoxb-" + "123456789012-abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN",
    "anna.schmidt+school@mail.example.co.uk",
    "192.168.17.244",
    "2001:db8:85a3::8a2e:370:7334",
    "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_finds_a_secret_plain_encoded_or_wrapped(secret: str) -> None:
    for form in (secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), _wrapped(secret)):
        clean = redact(f"before {form} after")
        assert form not in clean
        assert clean.startswith("before ")
        assert clean.endswith(" after")


def _wrapped(secret: str) -> str:
    return base64.b64encode(f"the key is {secret}".encode()).decode()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://f00d@sentry.example/7", "https://[redacted]sentry.example/7"),
        ("postgres://anna:hush@db/x", "postgres://[redacted]db/x"),
        ("GET https://h/p?key=v&X-Amz-Signature=1 done", "GET https://h/p?[redacted] done"),
        ("Authorization: Bearer abcdef123456", REDACTED),
        ('{"password": "hush"}', '{"[redacted]"}'),
    ],
)
def test_it_leaves_what_stands_around_a_secret(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "rag_ingestion.ingest_document.pinecone_upsert",
        "6d1f0a34-6a3e-4f3c-9c53-0d6f0d6b8a11",
        "0123456789abcdef0123456789abcdef/6d1f0a34-6a3e-4f3c-9c53-0d6f0d6b8a11",
        "/api/v1/documents/{id}/pages/{n}/",
        "hellotutor@0.1.0",
        "Why is the mitochondrion called the powerhouse of the cell?",
        "django.core.handlers.exception",
        "at 12:30 the ratio is 3:4",
    ],
)
def test_it_leaves_names_ids_and_sentences_alone(text: str) -> None:
    assert redact(text) == text


def test_a_key_at_the_end_of_what_is_searched_does_not_survive_in_half() -> None:
    key = SECRETS[0]
    for padding in range(1_950, 2_010):
        assert key[:8] not in redact("x" * 20 + " " * (padding - 20) + key)


@given(st.text(max_size=300))
def test_it_takes_any_text_and_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once).count(REDACTED) <= max(once.count(REDACTED), 1)


@given(st.sampled_from(SECRETS), st.text(alphabet=st.characters(whitelist_categories=["Zs", "Po"]), max_size=20))
def test_no_surrounding_hides_a_secret(secret: str, around: str) -> None:
    assert secret not in redact(f"{around} {secret} {around}")
