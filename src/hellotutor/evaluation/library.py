"""A corpus as a document of the library, read by the real pipeline, and the way back from passages to its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.errors import HelloTutorError, Invalid, Unavailable
from hellotutor.core.text import raw_span
from hellotutor.documents.models import DocumentVersion
from hellotutor.ingestion.claim import claim_version
from hellotutor.ingestion.rag_ingestion import IngestionParts, ingest_document
from hellotutor.ingestion.services import add_document
from hellotutor.retrieval.evidence import Quote

from .question_set import Corpus, Span

_MOST_BYTES = 1_000_000_000
_LINE_END = re.compile("\r\n")
_GAP = re.compile(r"\s*+")


@dataclass(frozen=True, slots=True)
class _PassageMap:
    """Where a passage's text came from.

    Attributes:
        start: of the passage in its page's text.
        page_start: of its page in the corpus.
        breaks: of its page, as `Page.raw_map`.
    """

    start: int
    page_start: int
    breaks: Sequence[tuple[int, int, int]]


class Ingested:
    """A corpus that has been read and embedded."""

    def __init__(self, corpus: Corpus, version: DocumentVersion) -> None:
        """Learn where each passage of the version stands in the corpus.

        Raises:
            Invalid: the pages don't make up the file's text (`bad_corpus`).
        """
        self.version = version
        self.version_id = str(version.public_id)
        self.tenant = get_tenant_tag(version.owner.public_id)
        self._text = corpus.text
        self._line_ends = list(_find_line_ends(corpus.text))
        self._passages = dict(self._map_passages(corpus))

    def locate(self, quotes: Sequence[Quote]) -> list[list[Span]]:
        """Return the spans of the corpus that quotes came from, in code points: a list for each passage, in order.

        What only white space separates in the corpus is one span.
        """
        spans = {quote: self._locate(quote) for quote in quotes}
        starts = {start for start, _ in spans.values()}
        found: dict[int, list[Span]] = {}
        for quote, (start, end) in spans.items():
            after = _after_white_space(self._text, end)
            found.setdefault(quote.ordinal, []).append((start, after if after in starts else end))
        return list(found.values())

    def _locate(self, quote: Quote) -> Span:
        passage = self._passages[quote.ordinal]
        start, end = raw_span(passage.breaks, passage.start + quote.start, passage.start + quote.end)
        return self._in_file(passage.page_start + start), self._in_file(passage.page_start + end - 1) + 1

    def _in_file(self, at: int) -> int:
        """Return the place in the file of a character of its text with one-character line ends."""
        number = bisect_right(self._line_ends, at, key=itemgetter(1))
        return at + (self._line_ends[number - 1][0] if number else 0)

    def _map_passages(self, corpus: Corpus) -> Iterator[tuple[int, _PassageMap]]:
        text = corpus.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", " ")
        starts: dict[int, tuple[int, list[tuple[int, int, int]]]] = {}
        position = 0
        for pk, raw_text, raw_map in self.version.pages.order_by("ordinal").values_list("pk", "raw_text", "raw_map"):
            at = text.find(raw_text, position)
            if at < 0 or text[position:at].strip("\ufeff").strip():
                raise Invalid(
                    "bad_corpus", f"{corpus.path}: its pages don't make up its text, so nothing can be measured."
                )
            starts[pk] = at, [tuple(one) for one in raw_map]
            position = at + len(raw_text)
        for ordinal, page, start in self.version.passages.values_list("ordinal", "page", "start"):
            yield ordinal, _PassageMap(start, *starts[page])


def _after_white_space(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _find_line_ends(text: str) -> Iterator[tuple[int, int]]:
    """Yield how many characters line ends of two have taken more so far, and from where in the text with shorter ones.

    The line end itself begins where it did; what follows it comes later in the file.
    """
    for lost, match in enumerate(_LINE_END.finditer(text), start=1):
        yield lost, match.end() - lost


def ingest_corpus(corpus: Corpus, owner: User, parts: IngestionParts) -> Iterator[DocumentVersion]:
    """Add a corpus to the owner's library and do all that the pipeline does; yield its version with every batch.

    Raises:
        Invalid: the file is refused or can't be read; the sentence names it.
        Unavailable: something failed; the sentence names the file.
    """
    try:
        version = add_document(
            owner=owner,
            path=corpus.path,
            filename=corpus.path.name,
            storage=parts.storage,
            readers=parts.readers,
            max_bytes=_MOST_BYTES,
        ).version
        with claim_version(version) as claim:
            assert claim  # noqa: S101 - this waits for it
            yield version
            yield from ingest_document(version, parts, claim)
    except HelloTutorError as error:
        category = Invalid if isinstance(error, Invalid) else Unavailable
        raise category(error.code, f"{corpus.path}: {error.message}") from error
