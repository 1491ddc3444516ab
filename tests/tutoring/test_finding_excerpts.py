"""The passages that a search found, as the tutor sees them."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from hellotutor.accounts.models import User
from hellotutor.retrieval.search import Search
from hellotutor.tutoring.rag_query import query_rag
from hellotutor.tutoring.selectors import Scope, find_excerpts, list_excerpts
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

from .conftest import Reads

pytestmark = pytest.mark.django_db(transaction=True)

BOOK = """# Cells

Cells divide.

# Plants

Chlorophyll in the leaves of plants takes in light energy.

# Water

Water rises in the stem.
"""


def test_they_are_those_that_a_listing_has(read: Reads, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    versions = [read("alice@example.org", f"{name}.md", f"{BOOK}\nAbout {name}.\n") for name in ("one", "two")]
    listed = {(version.pk, excerpt.ordinal): excerpt for version in versions for excerpt in list_excerpts([version])}
    places = [(str(versions[1].public_id), 2), (str(versions[0].public_id), 0), (str(versions[1].public_id), 0)]
    with django_assert_num_queries(1):
        found = find_excerpts(versions, places, Scope())
    pks = {str(version.public_id): version.pk for version in versions}
    assert found == {place: listed[pks[place[0]], place[1]] for place in places}


def test_they_are_few_queries_however_many_documents(
    read: Reads, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = read("alice@example.org", "book.md", BOOK)
    others = [read("alice@example.org", f"{number}.md", f"# Note\n\nNote number {number}.\n") for number in range(12)]
    places = [(str(one.public_id), 0) for one in (version, *others)]
    with django_assert_num_queries(1):
        assert len(find_excerpts([version, *others], places, Scope())) == 13


def test_what_is_out_of_scope_is_left_out(read: Reads) -> None:
    version = read("alice@example.org", "book.md", BOOK)
    places = [(str(version.public_id), ordinal) for ordinal in range(3)]
    found = find_excerpts([version], places, Scope(sections=("Plants",)))
    assert [excerpt.heading_path for excerpt in found.values()] == [("Plants",)]
    assert find_excerpts([version], places, Scope(pages=(1, 2))) == {}


def test_nothing_found_asks_nothing(read: Reads, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = read("alice@example.org", "book.md", BOOK)
    with django_assert_num_queries(0):
        assert find_excerpts([version], [], Scope()) == {}


def test_a_reply_stands_on_the_best_passage_in_scope(read: Reads, search: Search, tutor: OfflineTutor) -> None:
    version = read("alice@example.org", "book.md", BOOK)
    user = User.objects.get(email="alice@example.org")
    reply, found = query_rag(
        message="What takes in light energy in the leaves of plants?",
        user=user,
        versions=[version],
        search=search,
        tutor=tutor,
    )
    assert [evidence.quote for evidence in reply.citations] == [
        "Chlorophyll in the leaves of plants takes in light energy."
    ]
    assert (found.mode, found.quotes[0].ordinal) == ("lexical", reply.citations[0].excerpt.ordinal)
    elsewhere, _ = query_rag(
        message="What takes in light energy in the leaves of plants?",
        user=user,
        versions=[version],
        search=search,
        tutor=tutor,
        scope=Scope(sections=("Water",)),
    )
    assert not elsewhere.grounded
