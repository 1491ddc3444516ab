"""A new file in a document's place: nothing changes before it has been read, and what was quoted stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import storages
from rest_framework.test import APIClient
from tests.claimed import read_claimed
from tests.versions import MEMORY, add, client_of, long_text, read_all, read_some, replace

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.core.errors import NotFound
from hellotutor.documents.models import Document, DocumentVersion, Removal
from hellotutor.documents.selectors import current_versions, find_standing, find_versions, list_documents
from hellotutor.ingestion.services import discard_replacement
from hellotutor.tutoring.models import Question, Session
from hellotutor.tutoring.selectors import Scope
from hellotutor.tutoring.services import start_session, submit_answer
from hellotutor.tutoring.sittings import next_question

pytestmark = pytest.mark.django_db
Status = DocumentVersion.Status
_SECTIONS = MEMORY.split("\n## ")
OLD, NEW = ("\n## ".join(["# Memory\n", *part]) for part in (_SECTIONS[1:3], _SECTIONS[3:]))
NEWER = "# Rocks\n\nThe rain wears the rocks of the hills away, and therefore the rivers carry sand to the sea.\n"


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def api(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def old(alice: User, tmp_path: Path) -> DocumentVersion:
    """A version that has been read."""
    version = add(alice, tmp_path, OLD, "memory.md")
    read_all(version)
    return version


def shown_to(user: User, document: Document) -> DocumentVersion:
    """Return the version that is studied, on which everything that asks has to agree."""
    standing = find_standing(list_documents(user).get(pk=document.pk))
    found = {
        document.current_version,
        current_versions(user).get(document=document),
        find_versions(user, [document.public_id])[0],
        find_standing(document).current,
        standing.current,
    }
    assert len(found) == 1
    assert standing == find_standing(document)
    return found.pop()


@pytest.mark.parametrize("status", [Status.QUEUED, Status.READING, Status.FAILED, Status.CANCELLED])
def test_until_the_new_file_is_read_the_old_one_is_what_is_studied(
    alice: User, old: DocumentVersion, tmp_path: Path, status: Status
) -> None:
    new = replace(old.document, tmp_path, long_text())
    if status != Status.QUEUED:
        read_some(new)
    DocumentVersion.objects.filter(pk=new.pk).update(status=status)
    assert shown_to(alice, old.document) == old
    assert find_standing(old.document).replacement == new


def test_when_it_is_read_it_takes_the_old_ones_place_and_nothing_is_left_of_that(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    new = replace(old.document, tmp_path, NEW)
    read_all(new)
    assert shown_to(alice, old.document) == new
    assert find_standing(old.document).replacement is None
    assert list(old.document.versions.all()) == [new]
    assert not storages["default"].exists(old.storage_key)
    assert not Removal.objects.exists()


def test_a_session_goes_on_with_the_new_file_and_keeps_what_was_asked(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    tutor, search = composition.tutor(), composition.search()
    session = start_session(owner=alice, versions=[old], count=2, scope=Scope(), tutor=tutor)
    asked = next_question(session=session, tutor=tutor, search=search)
    assert asked
    before = Question.objects.filter(pk=asked.pk).values("quote", "printed_quote", "page_ordinal", "answer").get()
    read_all(replace(old.document, tmp_path, NEW))
    waiting = next_question(session=session, tutor=tutor, search=search)
    assert waiting == asked, "the question that waits is still there to be answered"
    assert Question.objects.filter(pk=asked.pk).values(*before).get() == before
    assert submit_answer(question=waiting, text=asked.answer, tutor=tutor).verdict == "correct"
    after = next_question(session=Session.objects.get(pk=session.pk), tutor=tutor, search=search)
    assert after
    assert after.quote in " ".join(NEW.replace("*", "").split())
    assert after.version == old.document.current_version


def test_a_session_about_a_part_that_the_new_file_hasnt_ends_with_what_was_asked(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    tutor, search = composition.tutor(), composition.search()
    scope = Scope(sections=("Three steps of a memory",))
    session = start_session(owner=alice, versions=[old], count=3, scope=scope, tutor=tutor)
    asked = next_question(session=session, tutor=tutor, search=search)
    assert asked
    submit_answer(question=asked, text=asked.answer, tutor=tutor)
    read_all(replace(old.document, tmp_path, NEWER))
    assert next_question(session=session, tutor=tutor, search=search) is None
    session.refresh_from_db()
    assert (session.state, session.questions.count()) == (Session.State.FINISHED, 1)


def test_a_reply_keeps_its_quotes_and_says_which_bytes_they_are_of(
    api: APIClient, old: DocumentVersion, tmp_path: Path
) -> None:
    said = api.post("/api/v1/chat/", {"message": "What is encoding?"}, format="json").json()
    citation = said["citations"][0]
    assert citation["version_id"] == str(old.public_id)
    read_all(replace(old.document, tmp_path, NEW))
    kept = api.get(f"/api/v1/chat/{said['session_id']}/").json()["messages"][1]
    assert (kept["text"], kept["citations"]) == (said["reply"], said["citations"])
    shown = api.get(f"/api/v1/documents/{old.document.public_id}/").json()
    assert shown["version_id"] != citation["version_id"], "by which a program knows"


def test_a_second_new_file_waits_for_its_turn_behind_the_first(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    first, second = replace(old.document, tmp_path, NEW), replace(old.document, tmp_path, NEWER, "newer.md")
    assert (shown_to(alice, old.document), find_standing(old.document).replacement) == (old, second)
    read_all(first)
    assert (shown_to(alice, old.document), find_standing(old.document).replacement) == (first, second)
    read_all(second)
    assert list(old.document.versions.all()) == [second]


def test_a_second_new_file_that_is_read_first_ends_the_reading_of_the_first(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    first, second = replace(old.document, tmp_path, long_text()), replace(old.document, tmp_path, NEWER, "newer.md")
    reading = read_claimed(first, composition.ingestion_parts())
    next(reading)
    read_all(second)
    with pytest.raises(NotFound):
        next(reading)
    assert list(old.document.versions.all()) == [second]
    assert shown_to(alice, old.document) == second


def test_the_old_file_may_still_be_being_read(alice: User, tmp_path: Path) -> None:
    old = add(alice, tmp_path, long_text())
    new = replace(old.document, tmp_path, NEW)
    assert shown_to(alice, old.document) == new, "nothing is known of either"
    reading = read_claimed(old, composition.ingestion_parts())
    next(reading)
    assert shown_to(alice, old.document) == old, "its beginning can be studied"
    read_all(new)
    assert shown_to(alice, old.document) == new
    with pytest.raises(NotFound):
        next(reading)


def test_an_incomplete_file_is_studied_until_the_new_one_is_read_whole(alice: User, tmp_path: Path) -> None:
    old = add(alice, tmp_path, long_text())
    read_some(old)
    DocumentVersion.objects.filter(pk=old.pk).update(status=Status.FAILED, error_code="unreadable_pdf")
    new = replace(old.document, tmp_path, long_text("Muscle"))
    read_some(new)
    assert shown_to(alice, old.document) == old
    read_all(new)
    assert shown_to(alice, old.document) == new


def test_a_new_file_is_discarded_with_everything_that_was_kept_of_it(
    alice: User, old: DocumentVersion, tmp_path: Path
) -> None:
    failed, waiting = replace(old.document, tmp_path, long_text()), replace(old.document, tmp_path, NEWER, "newer.md")
    read_some(failed)
    DocumentVersion.objects.filter(pk=failed.pk).update(status=Status.FAILED)
    assert discard_replacement(document=old.document, parts=composition.ingestion_parts())
    assert list(old.document.versions.all()) == [old]
    for version in (failed, waiting):
        assert not storages["default"].exists(version.storage_key)
        folder = f"{version.storage_key.split('/')[0]}/{version.public_id}"
        assert not storages["default"].exists(folder) or storages["default"].listdir(folder) == ([], [])
    assert not discard_replacement(document=old.document, parts=composition.ingestion_parts()), "there is none"


def test_one_that_has_been_read_meanwhile_is_not_discarded(alice: User, old: DocumentVersion, tmp_path: Path) -> None:
    new = replace(old.document, tmp_path, NEW)
    DocumentVersion.objects.filter(pk=new.pk).update(status=Status.EMBEDDING)  # the old one goes in the next moment
    assert not discard_replacement(document=old.document, parts=composition.ingestion_parts())
    assert shown_to(alice, old.document) == new
