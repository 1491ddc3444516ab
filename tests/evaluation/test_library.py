"""From what search returns back to the characters of the corpus's file."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from hellotutor.accounts.models import User
from hellotutor.core.errors import Invalid
from hellotutor.core.text import normalise
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.evaluation.library import Ingested, ingest_corpus
from hellotutor.evaluation.question_set import Corpus, Span
from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.retrieval.evidence import Quote
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

pytestmark = pytest.mark.django_db(transaction=True)

MARKDOWN = """# The sea

The **tide** rises [twice](https://example.org/tides) a day.

## Salt

- It is salt-
  y, as `NaCl` is.
- Rivers bring it.
"""


@pytest.fixture
def parts(tmp_path: Path) -> IngestionParts:
    storage = FileSystemStorage(location=tmp_path / "objects")
    return IngestionParts(
        storage=storage,
        readers=(MarkdownReader(), TextReader()),
        lexical=LexicalIndex(storage),
        index=LocalVectorIndex(storage),
        embedder=HashingEmbedder(),
    )


def ingest(tmp_path: Path, content: bytes, parts: IngestionParts) -> Ingested:
    path = tmp_path / "sea.md"
    path.write_bytes(content)
    corpus = Corpus("sea", path, content.decode(), ())
    *_, version = ingest_corpus(corpus, User.objects.create_user("alice@example.org"), parts)
    assert version.passages_embedded == version.passages_read > 0
    return Ingested(corpus, version)


def sentences_of(ingested: Ingested) -> list[tuple[str, Span]]:
    """Return each sentence of the library with the span of the file that it came from."""
    return [
        (text[start:end], ingested.locate([Quote(ingested.version_id, ordinal, start, end)])[0][0])
        for ordinal, text, spans in ingested.version.passages.order_by("ordinal").values_list(
            "ordinal", "text", "sentences"
        )
        for start, end in spans
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ebb and flow.\r\nThe moon is near.\r\n\r\nIt pulls.\rSo does the sun.\r\n",
        "\ufeffThe moon is near. It pulls.",
        "The ﬁrst wave — “high” — came in the after-\nnoon.\u00ad It was ½ m high.\u200b  Ａ wave…",
        "e\u0301clat of the sea.\n\n\n   Waves, waves.\x0bAnd foam.",
        "one very long line " * 4_000,
        '["What is the sea?", "Water.\\n\\nSalt water."]\n' * 40,
        "| year | level |\n|---|---|\n| 2011 | 1,234.5 |\n| 2012 | 1,240 |\n\n# Not the first line\n\nText.",
    ],
)
def test_each_sentence_is_found_letter_for_letter_in_its_file(text: str, tmp_path: Path, parts: IngestionParts) -> None:
    ingested = ingest(tmp_path, text.encode(), parts)
    found = sentences_of(ingested)
    assert found
    for sentence, (start, end) in found:
        assert normalise(text[start:end]).text == sentence
    assert [span for _, span in found] == sorted(span for _, span in found)


def test_markup_within_a_quote_is_part_of_its_span(tmp_path: Path, parts: IngestionParts) -> None:
    found = {
        sentence: MARKDOWN[start:end]
        for sentence, (start, end) in sentences_of(ingest(tmp_path, MARKDOWN.encode(), parts))
    }
    assert found["The tide rises twice a day."] == "The **tide** rises [twice](https://example.org/tides) a day."
    assert found["It is salty, as NaCl is."] == "It is salt-\n  y, as `NaCl` is."
    assert found["Rivers bring it."] == "Rivers bring it."


def test_quotes_that_only_white_space_parts_are_one_span(tmp_path: Path, parts: IngestionParts) -> None:
    text = "Ebb follows.\r\n\r\nFlow follows. Waves go on."
    ingested = ingest(tmp_path, text.encode(), parts)
    (spans,) = ingested.version.passages.values_list("sentences", flat=True)
    first, second, third = (Quote(ingested.version_id, 0, start, end) for start, end in spans)
    assert ingested.locate([first, second]) == [[(0, 16), (16, 29)]]
    assert ingested.locate([first, third]) == [[(0, 12), (30, 42)]]


def test_a_corpus_that_cannot_be_read_is_named(tmp_path: Path, parts: IngestionParts) -> None:
    with pytest.raises(Invalid, match=r"sea\.md: ") as refused:
        ingest(tmp_path, b"<!doctype html><html><body>The sea</body></html>", parts)
    assert refused.value.code == "unsupported_type"
