from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hellotutor.core.sentences import split_sentences
from hellotutor.retrieval.evidence import Hit, Quote, pack
from hellotutor.retrieval.lexical.analysis import ENGLISH

WEIGHTS = {"cell": 1.0, "energi": 2.0, "tax": 2.0}


@dataclass(frozen=True)
class Text:
    text: str
    sentences: tuple[tuple[int, int], ...]


def make_text(text: str) -> Text:
    return Text(text, tuple(split_sentences(text)))


TEXTS = {
    ("bio", 4): make_text("Mitochondria release energy. They do so in every cell. Nobody sees it."),
    ("bio", 5): make_text("Energy comes from sugar.  Sugar comes from light."),
    ("law", 0): make_text("The tax was on paper. It was resisted."),
}


def hit(place: tuple[str, int], score: float) -> Hit:
    return Hit(*place, score=score, lexical_score=1.0, cosine=None)


HITS = [hit(("bio", 5), 1.0), hit(("bio", 4), 0.9), hit(("law", 0), 0.4)]


def pack_all(budget: int, hits: list[Hit] = HITS) -> tuple[Quote, ...]:
    return pack(hits, TEXTS, analyzers={"bio": ENGLISH, "law": ENGLISH}, weights=WEIGHTS, budget=budget)


def words_of(quotes: tuple[Quote, ...]) -> list[str]:
    return [TEXTS[quote.place].text[quote.start : quote.end] for quote in quotes]


def test_the_best_sentences_of_the_best_passages_are_taken() -> None:
    assert words_of(pack_all(30)) == ["Energy comes from sugar."]
    assert words_of(pack_all(60)) == ["Energy comes from sugar.", "Mitochondria release energy."]


def test_sentences_that_follow_each_other_are_one_quote() -> None:
    assert words_of(pack_all(1_000)) == [text.text for text in (TEXTS["bio", 5], TEXTS["bio", 4], TEXTS["law", 0])]


def test_the_white_space_within_a_quote_counts() -> None:
    whole = len(TEXTS["bio", 5].text)
    only = [hit(("bio", 5), 1.0)]
    assert words_of(pack_all(whole, only)) == [TEXTS["bio", 5].text]
    assert words_of(pack_all(whole - 1, only)) == ["Energy comes from sugar."]


def test_a_passage_that_may_not_be_read_is_left_out() -> None:
    assert words_of(pack_all(25, [hit(("bio", 9), 1.0), *HITS])) == ["Energy comes from sugar."]


def test_nothing_is_quoted_of_nothing() -> None:
    assert pack_all(1_000, []) == ()


@given(
    texts=st.lists(st.text(st.sampled_from("cell energy tax. ,\n"), min_size=1, max_size=900), max_size=6),
    scores=st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
    budget=st.integers(1, 1_500),
)
def test_quotes_never_exceed_the_budget_nor_overlap(texts: list[str], scores: list[float], budget: int) -> None:
    readable = {("bio", ordinal): make_text(text) for ordinal, text in enumerate(texts)}
    hits = sorted((hit(place, scores[place[1]]) for place in readable), key=lambda one: -one.score)
    found = [pack(hits, readable, analyzers={"bio": ENGLISH}, weights=WEIGHTS, budget=budget) for _ in range(2)]
    assert found[0] == found[1]
    assert sum(quote.end - quote.start for quote in found[0]) <= budget
    spans = sorted((quote.ordinal, quote.start, quote.end) for quote in found[0])
    assert all(0 <= start < end <= len(texts[ordinal]) for ordinal, start, end in spans)
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in pairwise(spans))
