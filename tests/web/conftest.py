"""What the tests of pages share: collected static files, two learners, and documents that were really read."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from tests.document_factory import DocumentFactory, document_factory

from hellotutor.accounts.models import User

SAMPLE = """# Cells

## The nucleus

The nucleus is the part of a cell that holds its genetic material. It is surrounded by a double membrane.

## Mitochondria

Mitochondria are organelles that produce most of the chemical energy of a cell. They have their own DNA because they
descend from bacteria that lived inside other cells.
"""


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Collect the static files once: pages name them by their digests."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def alice(db: None) -> User:
    """The learner who is signed in."""
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def charlie(db: None) -> User:
    """A learner who may see nothing of Alice's."""
    return User.objects.create_user("charlie@example.org", name="Charlie")


@pytest.fixture
def client(alice: User) -> Client:
    """A browser in which Alice is signed in; the address is one that the service answers to."""
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(alice)
    return browser


@pytest.fixture
def charlies_client(charlie: User) -> Client:
    """A browser in which Charlie is signed in."""
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(charlie)
    return browser


@pytest.fixture
def visitors_client(db: None) -> Client:
    """A browser in which nobody is signed in."""
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def document(alice: User, tmp_path: Path) -> DocumentFactory:
    """Make documents, Alice's by default; they can be studied and searched by words."""
    return document_factory(tmp_path, alice, SAMPLE, "cells.md")
