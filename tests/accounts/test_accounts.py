"""Users, what they may read, and the tag that keeps tenants apart."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import IntegrityError
from pytest_django import Settings

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.errors import NotFound, Unavailable
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.rag_query import query_rag
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import start_session
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor


@pytest.mark.django_db
def test_an_address_belongs_to_one_user_whatever_its_case() -> None:
    user = User.objects.create_user(" Ada@Example.org ")
    assert user.email == "ada@example.org"
    assert not user.has_usable_password()
    assert User.objects.get_by_natural_key("ADA@example.org") == user
    with pytest.raises(IntegrityError):
        User.objects.create(email="ADA@EXAMPLE.ORG")


@pytest.mark.django_db
def test_charlie_sees_nothing_of_alice() -> None:
    alice, charlie = (User.objects.create_user(f"{name}@example.org") for name in ("alice", "charlie"))
    document = Document.objects.create(owner=alice, title="Diary")
    session = Session.objects.create(owner=alice, title="Diary", count=5, tutor="offline-1")
    assert list(Document.objects.for_user(alice)) == [document]
    assert list(Session.objects.for_user(alice)) == [session]
    assert not Document.objects.for_user(charlie).exists()
    assert not Session.objects.for_user(charlie).exists()


@pytest.mark.django_db
def test_charlie_can_neither_study_nor_ask_alices_document() -> None:
    alice, charlie = (User.objects.create_user(f"{name}@example.org") for name in ("alice", "charlie"))
    document = Document.objects.create(owner=alice, title="Diary")
    version = DocumentVersion.objects.create(document=document, owner=alice, sha256="0" * 64, size_bytes=1)
    storage = InMemoryStorage()
    lexical, tutor = LexicalIndex(storage), OfflineTutor(None)
    tag = get_tenant_tag(alice.public_id)
    lexical.build(tenant=tag, version_id=str(version.public_id), texts=["Anna hid the silver spoon in the well."])
    with pytest.raises(NotFound):
        start_session(owner=charlie, versions=[version], count=1, scope=Scope(), tutor=tutor)
    search = Search(lexical, LocalVectorIndex(storage, cache_bytes=1 << 20), None)
    assert search.search("silver spoon", tenants=[tag], versions=[str(version.public_id)], k=1).hits
    with pytest.raises(NotFound):
        query_rag(message="Where is the silver spoon?", user=charlie, versions=[version], search=search, tutor=tutor)
    session = Session.objects.create(owner=alice, title="Diary", count=1, tutor="offline-1")
    question = Question.objects.create(
        session=session, ordinal=1, page_ordinal=0, quote_start=0, quote_end=1, kind="cloze", concept="spoon"
    )
    Answer.objects.create(question=question)
    assert (Question.objects.for_user(alice).count(), Answer.objects.for_user(alice).count()) == (1, 1)
    assert not Question.objects.for_user(charlie).exists()
    assert not Answer.objects.for_user(charlie).exists()


def test_a_tenant_tag_depends_on_the_user_and_the_secret_only(settings: Settings) -> None:
    settings.HMAC_SECRET = "one"
    ada, bob = uuid.uuid4(), uuid.uuid4()
    tag = get_tenant_tag(ada)
    assert len(tag) * 4 >= 128
    assert tag == get_tenant_tag(ada) != get_tenant_tag(bob)
    assert str(ada) not in tag
    settings.HMAC_SECRET = "two"
    assert get_tenant_tag(ada) != tag


def test_a_missing_secret_is_an_error_that_names_it(settings: Settings) -> None:
    settings.HMAC_SECRET = ""
    with pytest.raises(Unavailable, match="HMAC_SECRET is not configured"):
        get_tenant_tag(uuid.uuid4())
