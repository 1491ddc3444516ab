from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.core.errors import Unavailable
from hellotutor.retrieval.analysis import ENGLISH
from hellotutor.retrieval.lexical import K1, B, LexicalIndex, build_segment, score_bm25

BIOLOGY = [
    "Mitochondria release energy from sugar.",
    "The cell wall supports a plant cell; a cell membrane surrounds every cell.",
    "Photosynthesis makes sugar from light.",
]
HISTORY = ["The Stamp Act taxed printed paper.", "Colonists resisted the taxes."]


def make_index(**versions: list[str]) -> LexicalIndex:
    index = LexicalIndex(InMemoryStorage())
    for version, texts in versions.items():
        index.build(tenant="alice", version_id=version, texts=texts)
    return index


def find_best(index: LexicalIndex, query: str, *versions: str) -> tuple[str, int]:
    found = index.score(query, tenants=["alice"], versions=versions)
    row = int(found.scores.argmax())
    at = int(np.searchsorted(found.bounds, row, side="right")) - 1
    return found.versions[at], row - int(found.bounds[at])


def terms_of(text: str) -> list[str]:
    return [term for term, _, _ in ENGLISH.terms(text)]


def score_by_hand(passages: list[str], query: str) -> list[float]:
    split = [terms_of(text) for text in passages]
    average = sum(map(len, split)) / len(split)
    scores = []
    for words in split:
        score = 0.0
        for term in set(terms_of(query)):
            holders = sum(term in other for other in split)
            idf = math.log(1 + (len(split) - holders + 0.5) / (holders + 0.5))
            count = words.count(term)
            score += idf * count * (K1 + 1) / (count + K1 * (1 - B + B * len(words) / average))
        scores.append(score)
    return scores


@given(
    st.lists(st.text(alphabet="abc é'.", max_size=40), min_size=1, max_size=12),
    st.integers(0, 12),
    st.text(alphabet="abc é", max_size=12),
)
def test_scores_are_those_of_the_formula_however_the_passages_are_split(
    passages: list[str], cut: int, query: str
) -> None:
    if not any(terms_of(text) for text in passages):
        return
    parts = [part for part in (passages[:cut], passages[cut:]) if part]
    scores = score_bm25([build_segment(part, ENGLISH) for part in parts], terms_of(query))
    assert scores.tolist() == pytest.approx(score_by_hand(passages, query), abs=1e-4)


def test_the_passage_with_the_rare_word_ranks_first() -> None:
    index = make_index(bio=BIOLOGY, hist=HISTORY)
    assert find_best(index, "What do mitochondria do with sugar?", "bio", "hist") == ("bio", 0)
    assert find_best(index, "Who resisted taxation?", "bio", "hist") == ("hist", 1)


def test_the_statistics_are_those_of_the_versions_asked() -> None:
    index = make_index(bio=BIOLOGY, hist=HISTORY)
    alone = index.score("sugar", tenants=["alice"], versions=["bio"]).scores.max()
    among_more = index.score("sugar", tenants=["alice"], versions=["bio", "hist"]).scores.max()
    assert among_more > alone  # rarer among five passages than among three


def test_charlie_scores_nothing_of_alices() -> None:
    index = make_index(bio=BIOLOGY)
    found = index.score("sugar", tenants=["charlie"], versions=["bio"])
    assert found.versions == ()
    assert found.missing == ("bio",)
    with pytest.raises(ValueError, match="tenant"):
        index.score("sugar", tenants=[], versions=["bio"])


def test_a_segment_survives_the_process_that_built_it(tmp_path: Path) -> None:
    LexicalIndex(FileSystemStorage(tmp_path)).build(tenant="alice", version_id="bio", texts=BIOLOGY)
    again = LexicalIndex(FileSystemStorage(tmp_path))
    assert find_best(again, "membranes surrounding cells", "bio") == ("bio", 1)
    marks = again.find_marks("cells", tenant="alice", version_id="bio", ordinal=1)
    assert [BIOLOGY[1][start:end] for start, end in marks] == ["cell"] * 4


def test_the_words_of_a_query_are_marked_where_they_stand() -> None:
    index = make_index(bio=BIOLOGY)
    marks = index.find_marks("Does the cell's membrane help plants?", tenant="alice", version_id="bio", ordinal=1)
    assert [BIOLOGY[1][start:end] for start, end in marks] == ["cell", "plant", "cell", "cell", "membrane", "cell"]
    assert index.find_marks("membrane", tenant="alice", version_id="bio", ordinal=0) == []
    assert index.find_marks("membrane", tenant="alice", version_id="none", ordinal=0) == []


def test_building_again_replaces_the_segment() -> None:
    index = make_index(bio=BIOLOGY)
    index.score("sugar", tenants=["alice"], versions=["bio"])
    index.build(tenant="alice", version_id="bio", texts=HISTORY)
    assert find_best(index, "stamp", "bio") == ("bio", 0)
    assert not index.score("sugar", tenants=["alice"], versions=["bio"]).scores.any()


def test_a_deleted_segment_is_missing_and_deleting_it_twice_is_harmless() -> None:
    index = make_index(bio=BIOLOGY)
    index.score("sugar", tenants=["alice"], versions=["bio"])
    index.delete(tenant="alice", version_id="bio")
    index.delete(tenant="alice", version_id="bio")
    assert index.score("sugar", tenants=["alice"], versions=["bio"]).missing == ("bio",)


@pytest.mark.parametrize("texts", [[], [""], ["the of and"], ["", "...", "the"]])
def test_a_document_without_words_finds_nothing_and_breaks_nothing(texts: list[str]) -> None:
    found = make_index(empty=texts).score("sugar", tenants=["alice"], versions=["empty"])
    assert found.scores.tolist() == [0.0] * len(texts)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("cafe", "The Café."),
        ("STRASSE", "Die Straße"),
        ("studies", "She studied."),
        ("京都", "彼は京都に住む"),
        ("1765", "in 1765"),
    ],
)
def test_a_word_is_found_in_another_form(query: str, text: str) -> None:
    assert make_index(v=[text]).score(query, tenants=["alice"], versions=["v"]).scores[0] > 0


def test_a_damaged_segment_is_reported(tmp_path: Path) -> None:
    LexicalIndex(FileSystemStorage(tmp_path)).build(tenant="alice", version_id="bio", texts=BIOLOGY)
    [file] = (tmp_path / "alice" / "bio").iterdir()
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(Unavailable) as caught:
        find_best(LexicalIndex(FileSystemStorage(tmp_path)), "sugar", "bio")
    assert caught.value.code == "segment_corrupt"


def test_another_analyzer_never_reads_what_this_one_wrote() -> None:
    class Plain:
        name = "plain-1"

        def terms(self, text: str):  # type: ignore[no-untyped-def]
            yield from ((word, 0, len(word)) for word in text.split())

    storage = InMemoryStorage()
    LexicalIndex(storage).build(tenant="alice", version_id="bio", texts=BIOLOGY)
    other = LexicalIndex(storage, analyzer=Plain())
    assert other.score("sugar", tenants=["alice"], versions=["bio"]).missing == ("bio",)
