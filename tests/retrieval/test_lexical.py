from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.core.errors import Unavailable
from hellotutor.retrieval.lexical.analysis import ENGLISH
from hellotutor.retrieval.lexical.bm25 import HEADING_WEIGHT, K1, B, score_bm25
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.lexical.postings import build_segment, join_built, pack_segment, unpack_segment

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


def score_by_hand(passages: list[tuple[str, str]], query: str) -> list[float]:
    """Score (heading, text) one by one, as the formula is written."""
    split = [(terms_of(heading), terms_of(text)) for heading, text in passages]
    average = sum(len(text) for _, text in split) / len(split) or 1.0
    scores = []
    for heading, text in split:
        score = 0.0
        for term in ENGLISH.query_terms(query):
            holders = sum(term in above or term in words for above, words in split)
            idf = math.log(1 + (len(split) - holders + 0.5) / (holders + 0.5))
            count = text.count(term) / (1 - B + B * len(text) / average) + HEADING_WEIGHT * heading.count(term)
            score += idf * count * (K1 + 1) / (count + K1)
        scores.append(score)
    return scores


WORDS = st.text(alphabet="abc é'.-1", max_size=40)


@given(
    st.lists(st.tuples(st.sampled_from(["", "a b", "abc"]), WORDS), min_size=1, max_size=12), st.integers(0, 12), WORDS
)
def test_scores_are_those_of_the_formula_however_the_passages_are_split(
    passages: list[tuple[str, str]], cut: int, query: str
) -> None:
    built = [
        build_segment([text for _, text in part], ENGLISH, [[heading] for heading, _ in part])[0]
        for part in (passages[:cut], passages[cut:])
        if part
    ]
    scores, weights = score_bm25(built, ENGLISH.query_terms(query))
    assert scores.tolist() == pytest.approx(score_by_hand(passages, query), abs=1e-4)
    assert bool(weights) == bool(scores.any())


@given(st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=4))
def test_segments_joined_are_the_segment_of_all_their_passages(parts: list[list[str]]) -> None:
    built = [build_segment(texts, ENGLISH, [texts[:1]] * len(texts)) for texts in parts]
    joined, marks = join_built(built)
    texts = [text for part in parts for text in part]
    headings = [part[:1] for part in parts for _ in part]
    whole, marks_of_whole = build_segment(texts, ENGLISH, headings)
    assert {name: one.tolist() for name, one in joined.arrays().items()} == {
        name: one.tolist() for name, one in whole.arrays().items()
    }
    assert marks.starts.tolist() == marks_of_whole.starts.tolist()
    assert marks.sizes.tolist() == marks_of_whole.sizes.tolist()


def test_the_passage_with_the_rare_word_ranks_first() -> None:
    index = make_index(bio=BIOLOGY, hist=HISTORY)
    assert find_best(index, "What do mitochondria do with sugar?", "bio", "hist") == ("bio", 0)
    assert find_best(index, "Who resisted taxation?", "bio", "hist") == ("hist", 1)


def test_the_statistics_are_those_of_the_versions_asked() -> None:
    index = make_index(bio=BIOLOGY, hist=HISTORY)
    alone = index.score("sugar", tenants=["alice"], versions=["bio"]).scores.max()
    among_more = index.score("sugar", tenants=["alice"], versions=["bio", "hist"]).scores.max()
    assert among_more > alone  # rarer among five passages than among three


def test_the_statistics_are_those_of_the_tenants_asked() -> None:
    index = make_index(bio=BIOLOGY)
    alone = index.score("sugar", tenants=["alice"], versions=["bio", "other"])
    index.build(tenant="bob", version_id="other", texts=["Sugar and sugar again."] * 50)
    assert index.score("sugar", tenants=["alice"], versions=["bio", "other"]).weights == alone.weights
    shared = index.score("sugar", tenants=["alice", "bob"], versions=["bio", "other"])
    assert shared.owners == ("alice", "bob")
    assert shared.weights["sugar"] < alone.weights["sugar"]


def test_the_weights_tell_which_words_of_a_query_occur_and_how_rare_they_are() -> None:
    weights = make_index(bio=BIOLOGY).score("Do mitochondria burn sugar?", tenants=["alice"], versions=["bio"]).weights
    assert list(weights) == ["mitochondria", "sugar"]
    assert weights["mitochondria"] > weights["sugar"] > 0


def test_a_heading_counts_less_than_the_text_and_is_not_marked_in_it() -> None:
    texts = ["It has two parts.", "Osmosis has two parts.", "Diffusion has two parts."]
    index = LexicalIndex(InMemoryStorage())
    where = {"tenant": "alice", "version_id": "v"}
    index.build(**where, texts=texts, headings=[["Cells", "Osmosis"], ["Cells", "Diffusion"], ["Cells", "Osmosis"]])
    scores = index.score("osmosis", tenants=["alice"], versions=["v"]).scores
    assert scores[1] > scores[0] > 0
    assert scores[2] > 0
    assert index.find_marks("osmosis", **where, ordinal=0) == []
    assert index.find_marks("osmosis", **where, ordinal=1) == [(0, 7)]
    assert index.score("cells", tenants=["alice"], versions=["v"]).scores.min() > 0


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


def test_what_is_found_does_not_depend_on_how_many_files_hold_it() -> None:
    texts = [f"Passage {number} of the sea {number % 7}" for number in range(100)]
    index, versions = LexicalIndex(InMemoryStorage()), [f"v{number}" for number in range(50)]
    for number, version in enumerate(versions):
        index.build(tenant="alice", version_id=version, texts=texts[2 * number : 2 * number + 2])
    index.build(tenant="alice", version_id="all", texts=texts)
    many = index.score("passage 6 of 13", tenants=["alice"], versions=versions)
    one = index.score("passage 6 of 13", tenants=["alice"], versions=["all"])
    assert many.scores.tolist() == one.scores.tolist()
    assert many.bounds.tolist() == list(range(0, 101, 2))
    assert many.weights == one.weights


def test_a_version_that_grows_is_searched_as_far_as_it_has_come_beside_one_that_does_not() -> None:
    now = [0.0]
    index = LexicalIndex(InMemoryStorage(), monotonic=lambda: now[0])
    index.build(tenant="alice", version_id="bio", texts=BIOLOGY)
    for number, text in enumerate(HISTORY):
        index.add(tenant="alice", version_id="hist", first_ordinal=number, texts=[text])
        found = index.score("sugar taxes", tenants=["alice"], versions=["hist", "bio", "none"])
        assert dict(zip(found.versions, np.diff(found.bounds).tolist(), strict=True)) == {"bio": 3, "hist": number + 1}
        assert found.missing == ("none",)
    assert index.count(tenant="alice", version_id="hist") == 2


def test_another_process_sees_what_is_added_within_the_age_of_a_listing(tmp_path: Path) -> None:
    now = [0.0]
    writer = LexicalIndex(FileSystemStorage(tmp_path))
    reader = LexicalIndex(FileSystemStorage(tmp_path), monotonic=lambda: now[0])
    writer.add(tenant="alice", version_id="hist", first_ordinal=0, texts=HISTORY[:1])
    assert len(reader.score("taxes", tenants=["alice"], versions=["hist"]).scores) == 1
    writer.add(tenant="alice", version_id="hist", first_ordinal=1, texts=HISTORY[1:])
    now[0] += 1.5
    assert len(reader.score("taxes", tenants=["alice"], versions=["hist"]).scores) == 2


def test_a_finished_version_is_one_file_that_says_the_same(tmp_path: Path) -> None:
    index = LexicalIndex(FileSystemStorage(tmp_path))
    where = {"tenant": "alice", "version_id": "bio"}
    for number, text in enumerate(BIOLOGY):
        index.add(**where, first_ordinal=number, texts=[text], headings=[["Cells"]])
    before = index.score("cells make sugar", tenants=["alice"], versions=["bio"])
    (tmp_path / "alice" / "bio" / "lexical-english-1-2-00000000-00000003-last.npz").write_bytes(b"an earlier format")
    (tmp_path / "alice" / "bio" / "vectors-of-it.npy").write_bytes(b"no words")
    for _ in range(2):
        index.finish(**where, passages=3)
        assert sorted(path.name for path in (tmp_path / "alice" / "bio").iterdir()) == [
            "lexical-3-00000000-00000003-last.npy",
            "vectors-of-it.npy",
        ]
    after = index.score("cells make sugar", tenants=["alice"], versions=["bio"])
    assert after.scores.tolist() == before.scores.tolist()
    assert index.find_marks("sugar", **where, ordinal=2) == [(21, 26)]


def test_a_version_of_which_something_is_missing_is_not_called_finished() -> None:
    index = LexicalIndex(InMemoryStorage())
    where = {"tenant": "alice", "version_id": "bio"}
    index.add(**where, first_ordinal=0, texts=BIOLOGY[:2])
    index.finish(**where, passages=3)
    index.add(**where, first_ordinal=2, texts=BIOLOGY[2:])
    assert index.count(**where) == 3


def test_the_memory_for_segments_is_bounded_and_they_are_read_again() -> None:
    index = LexicalIndex(InMemoryStorage(), cache_bytes=30_000)
    versions = [f"v{number}" for number in range(60)]
    for version in versions:
        index.build(tenant="alice", version_id=version, texts=BIOLOGY)
    for version in versions + versions:
        assert index.score("sugar", tenants=["alice"], versions=[version]).scores.any()
        assert index._cache.size_bytes <= 30_000
    assert index.score("sugar", tenants=["alice"], versions=versions).scores.any()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_segment_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"packed|not"):
        unpack_segment(np.frombuffer(content, dtype=np.uint8))


@given(st.integers(8), st.integers(1, 255))
def test_a_segment_of_which_one_byte_was_altered_is_refused(at: int, change: int) -> None:
    packed = pack_segment(*build_segment(BIOLOGY, ENGLISH)).copy()
    packed[8 + at % (len(packed) - 8)] ^= change
    with pytest.raises(ValueError, match="altered"):
        unpack_segment(packed)


def test_a_segment_is_the_same_after_it_was_packed() -> None:
    segment, marks = build_segment([*BIOLOGY, "x" * 70_000 + " 東京"], ENGLISH, [["Cells"]] * 4)
    again, marks_again = unpack_segment(pack_segment(segment, marks))
    assert {k: v.tolist() for k, v in again.arrays().items()} == {k: v.tolist() for k, v in segment.arrays().items()}
    assert again.languages == segment.languages == ("en",)
    assert (marks_again.starts.tolist(), marks_again.sizes.tolist()) == (marks.starts.tolist(), marks.sizes.tolist())


def test_a_document_without_passages_is_not_missing() -> None:
    index = LexicalIndex(InMemoryStorage())
    index.finish(tenant="alice", version_id="blank", passages=0)
    found = index.score("sugar", tenants=["alice"], versions=["blank"])
    assert (found.versions, found.missing, found.scores.tolist()) == (("blank",), (), [])
