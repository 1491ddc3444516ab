from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hellotutor.core.errors import Unavailable
from hellotutor.core.sentences import split_sentences
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import find_packaged_weights
from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.replies import REFUSAL, Replier

CELLS = (
    "Mitochondria are found in nearly every cell. They release energy by breaking down sugar. "
    "What happens without them? The cell wall supports plant cells."
)
LEAVES = (
    "Photosynthesis takes place in the leaves of a plant. It uses the energy of sunlight to make sugar from water and "
    "carbon dioxide. Oxygen leaves the plant through small pores."
)
TAXES = "The Stamp Act of 1765 taxed printed paper in the colonies. Colonists resisted the tax, and it was repealed."


def make_excerpt(text: str, ordinal: int = 0, version_id: int = 1, split_over_pages: tuple[int, ...] = ()) -> Excerpt:
    sentences = tuple(split_sentences(text))
    return Excerpt(
        passage_id=100 * version_id + ordinal,
        ordinal=ordinal,
        document=f"Book {version_id}",
        version_id=version_id,
        text=text,
        sentences=sentences,
        heading_path=(),
        page=ordinal + 1,
        position=0.0,
        on_one_page=tuple(number not in split_over_pages for number in range(len(sentences))),
    )


BIOLOGY = [make_excerpt(LEAVES, 1), make_excerpt(CELLS, 0)]


class MissingModel(HashingEmbedder):
    name = "minilm/all-MiniLM-L6-v2"

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        raise Unavailable("model_missing", "The model is not there.")


@pytest.fixture(scope="module", params=["words alone", "minilm", "another embedder"])
def replier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replier:
    if request.param == "minilm" and find_packaged_weights() is None:
        pytest.skip("the weights' package is not installed (dependency group `weights`)")
    models_dir: Path = tmp_path_factory.mktemp("models")
    embedders: dict[str, Embedder | None] = {
        "words alone": None,
        "minilm": MiniLMEmbedder(MiniLMConfig(models_dir)),
        "another embedder": HashingEmbedder(),
    }
    return Replier(embedders[request.param])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How do mitochondria release energy?", "breaking down sugar"),
        ("What does the cell wall support?", "The cell wall supports plant cells."),
        ("Where does photosynthesis take place?", "in the leaves of a plant"),
    ],
)
def test_it_quotes_the_sentence_that_answers(replier: Replier, question: str, answer: str) -> None:
    reply = replier.reply(question, BIOLOGY)
    assert reply.grounded
    assert any(answer in citation.quote for citation in reply.citations)


def test_every_quote_stands_letter_for_letter_in_its_passage(replier: Replier) -> None:
    reply = replier.reply("What uses the energy of sunlight to make sugar?", BIOLOGY)
    quoted = re.findall(r"“(.*?)” \[(\d+)\]", reply.text)
    assert [quote for quote, _ in quoted] == [citation.quote for citation in reply.citations]
    assert [int(number) for _, number in quoted] == list(range(1, len(reply.citations) + 1))
    assert all(quote in LEAVES + CELLS for quote, _ in quoted)


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football world cup in 1998?",
        "How is a jet engine cooled?",
        "",
        "?!",
        "thanks!",
        "why is that so?",
        "Explain it",
    ],
)
def test_it_says_that_the_documents_do_not_answer(replier: Replier, question: str) -> None:
    reply = replier.reply(question, BIOLOGY)
    assert not reply.grounded
    assert reply.citations == ()
    assert reply.text == REFUSAL


def test_without_excerpts_it_says_that_the_documents_do_not_answer(replier: Replier) -> None:
    assert not replier.reply("Where does photosynthesis take place?", []).grounded


def test_a_sentence_that_leans_on_the_one_before_brings_it_along(replier: Replier) -> None:
    reply = replier.reply("How do they release energy, by breaking down what?", [make_excerpt(CELLS)])
    quotes = [citation.quote for citation in reply.citations]
    at = quotes.index("They release energy by breaking down sugar.")
    assert quotes[at - 1] == "Mitochondria are found in nearly every cell."


def test_quotes_come_in_reading_order_each_once(replier: Replier) -> None:
    reply = replier.reply("Where do mitochondria release energy in cells, and what supports plant cells?", BIOLOGY)
    places = [(citation.excerpt.ordinal, citation.start) for citation in reply.citations]
    assert places == sorted(set(places))
    assert 1 <= len(places) <= 6


def test_a_sentence_that_runs_over_two_pages_is_not_quoted(replier: Replier) -> None:
    excerpt = make_excerpt(CELLS, split_over_pages=(1,))
    reply = replier.reply("How do mitochondria release energy by breaking down sugar?", [excerpt])
    assert all("breaking down" not in citation.quote for citation in reply.citations)


def test_it_never_answers_with_a_question(replier: Replier) -> None:
    reply = replier.reply("What happens without mitochondria?", [make_excerpt(CELLS)])
    assert "What happens" not in reply.text


def test_the_same_sentence_in_two_books_is_quoted_once(replier: Replier) -> None:
    twins = [make_excerpt(TAXES, version_id=1), make_excerpt(TAXES, version_id=2)]
    reply = replier.reply("What did the Stamp Act of 1765 tax?", twins)
    quotes = [citation.quote for citation in reply.citations]
    assert len(quotes) == len(set(quotes))


def test_the_book_of_the_best_sentence_comes_first(replier: Replier) -> None:
    books = [make_excerpt(TAXES, version_id=2), make_excerpt(LEAVES, version_id=1)]
    reply = replier.reply("Which act taxed printed paper in the colonies?", books)
    assert reply.citations[0].excerpt.document == "Book 2"


def test_a_learning_objective_is_no_answer(replier: Replier) -> None:
    text = "* Explain where photosynthesis takes place in a plant. Photosynthesis takes place in the leaves of a plant."
    reply = replier.reply("Explain where photosynthesis takes place", [make_excerpt(text)])
    assert [citation.quote for citation in reply.citations] == ["Photosynthesis takes place in the leaves of a plant."]


def test_by_words_alone_one_word_in_common_is_no_answer_to_a_short_question() -> None:
    text = "Truffles grow in Italy and France. Pigs find truffles in the forests of Italy and dig them out."
    assert not Replier(None).reply("What is the capital of France?", [make_excerpt(text)]).grounded


def test_an_embedder_that_fails_is_not_passed_over_in_silence() -> None:
    with pytest.raises(Unavailable) as failed:
        Replier(MissingModel()).reply("Where does photosynthesis take place?", BIOLOGY)
    assert failed.value.code == "model_missing"


def test_a_heading_or_a_cut_piece_is_never_quoted() -> None:
    text = (
        "Comparing mitosis and meiosis in cells\nmitosis and meiosis differ in the number of cells. "
        "Mitosis makes two cells while meiosis makes four cells."
    )
    cut = text.index("\n")
    spans = ((0, cut), (cut + 1, text.index(". ") + 1), (text.index(". ") + 2, len(text)))
    excerpt = replace(make_excerpt(text), sentences=spans, on_one_page=(True,) * 3)

    reply = Replier(None).reply("How do mitosis and meiosis differ in cells?", [excerpt])

    assert [citation.quote for citation in reply.citations] == [
        "Mitosis makes two cells while meiosis makes four cells."
    ]


@pytest.mark.parametrize(
    ("question", "has_reply"),
    [
        ("How many bones does the human body have?", False),
        ("What bones does the human body have?", True),
        ("How many chambers does the human heart have?", True),
    ],
)
def test_a_question_for_a_number_gets_no_reply_without_one(question: str, has_reply: bool) -> None:
    text = "The bones of the human body have many shapes. The human heart has four chambers with thick walls."

    assert Replier(None).reply(question, [make_excerpt(text)]).grounded is has_reply


def test_a_sentence_well_behind_the_best_one_is_not_added(replier: Replier) -> None:
    text = (
        "The Stamp Act taxed printed paper in the colonies. The act that Parliament passed was on paper. "
        "Soldiers marched through the colonies in winter."
    )
    reply = replier.reply("What did the Stamp Act tax in the colonies?", [make_excerpt(text)])

    assert [citation.quote for citation in reply.citations] == ["The Stamp Act taxed printed paper in the colonies."]
