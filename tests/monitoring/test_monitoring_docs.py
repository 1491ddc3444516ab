from __future__ import annotations

import dataclasses

import pytest
from tests.monitoring.kent_sink import ROOT

from hellotutor.monitoring import CATALOGUE, catalogue
from hellotutor.monitoring.catalogue import catalogue_table
from hellotutor.monitoring.scrubbing import TAGS, scrub_event

README = ROOT / "docs" / "monitoring" / "README.md"


def test_the_document_shows_the_catalogue_as_it_is() -> None:
    shown = README.read_text(encoding="utf-8").partition("catalogue_table()` -->\n")[2]
    assert shown.partition("\n<!-- end of the catalogue -->")[0] == catalogue_table()


def test_every_row_has_a_constant() -> None:
    constants = {value.name for value in vars(catalogue).values() if isinstance(value, catalogue.Failure)}
    assert constants == CATALOGUE.keys()


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_rows_tags_survive_the_scrubber(name: str) -> None:
    tags = CATALOGUE[name].tags()
    assert tags.keys() <= TAGS
    assert scrub_event({"tags": tags})["tags"] == tags


def test_rows_have_fingerprints_of_their_own() -> None:
    marks = [tuple(row.fingerprint(ValueError())) for row in CATALOGUE.values()]
    assert len(set(marks)) == len(marks)
    row = catalogue.QUERY
    assert row.fingerprint(ValueError()) != row.fingerprint(KeyError())


def test_a_row_can_not_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.QUERY.level = "warning"  # type: ignore[misc]


def test_a_row_can_not_stand_twice_or_name_an_unknown_field() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        catalogue._row("rag_query", "query_rag", None, "user_id", "")
    with pytest.raises(ValueError, match="password"):
        catalogue._row("rag_query", "new", None, "password", "")
