"""The rows of pages and passages, kept in batches together with how far reading has come."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from hellotutor.documents.models import DocumentVersion, Page, Passage

from .claim import Claim
from .readers.base import BEGINNING, Start
from .splitting import PageDraft, PassageDraft, Resume

Batch = list[tuple[PageDraft, list[PassageDraft]]]

_FIRST_PASSAGES = 40  # soon enough for a first question
_MOST_PASSAGES = 800
_MOST_PAGES = 200  # of little text: what a worker that dies has to do again


def batches(pages: Iterator[tuple[PageDraft, list[PassageDraft]]], *, is_first: bool) -> Iterator[Batch]:
    """Yield batches of whole pages, each twice as large as the one before up to 800 passages or 200 pages.

    Args:
        pages: as they are split.
        is_first: whether nothing of the document can be studied yet: the first batch is small then.
    """
    wanted = _FIRST_PASSAGES if is_first else _MOST_PASSAGES
    batch: Batch = []
    size = 0
    for page, passages in pages:
        batch.append((page, passages))
        size += len(passages)
        # a passage over a page's end refers to both pages: a batch ends where none is cut
        if size >= wanted or len(batch) >= _MOST_PAGES:
            yield batch
            batch, size, wanted = [], 0, min(2 * wanted, _MOST_PASSAGES)
    if batch:
        yield batch


def store_batch(version: DocumentVersion, claim: Claim, batch: Batch) -> None:
    """Keep a batch, and how far reading has come with it, or nothing.

    Raises:
        ClaimLost: another process reads the version now; nothing was kept.
    """
    read = {
        "pages_read": version.pages_read + len(batch),
        "pages_damaged": version.pages_damaged + sum(page.page.is_damaged for page, _ in batch),
        "passages_read": version.passages_read + sum(len(passages) for _, passages in batch),
        "characters_read": version.characters_read + sum(len(page.page.raw_text) for page, _ in batch),
    }
    with transaction.atomic():
        claim.update(**read, attempts=0, deaths=0, error_message="")
        pages = Page.objects.bulk_create([_page_row(version, page) for page, _ in batch], batch_size=500)
        ids = {page.ordinal: page.pk for page in pages}
        first = batch[0][0].ordinal
        if first:  # a passage may have begun on the last page of the batch before
            ids[first - 1] = version.pages.values_list("pk", flat=True).get(ordinal=first - 1)
        rows = [_passage_row(version, passage, ids) for _, passages in batch for passage in passages]
        Passage.objects.bulk_create(rows, batch_size=500)
    for name, value in read.items():
        setattr(version, name, value)
    version.attempts = version.deaths = 0
    version.error_message = ""


def forget_pages(version: DocumentVersion, claim: Claim) -> None:
    """Remove what was read of a version.

    Raises:
        ClaimLost: another process reads the version now; nothing was removed.
    """
    nothing = dict.fromkeys(("pages_read", "pages_damaged", "passages_read", "passages_embedded", "characters_read"), 0)
    with transaction.atomic():
        claim.update(**nothing)
        version.passages.all().delete()
        version.pages.all().delete()
    for name, value in nothing.items():
        setattr(version, name, value)


def find_start(version: DocumentVersion) -> tuple[Start, Resume | None]:
    """Return where reading and splitting go on after the pages that are kept."""
    if not version.pages_read:
        return BEGINNING, None
    last = version.pages.only("raw_text").get(ordinal=version.pages_read - 1)
    has_head = version.passages.filter(end_page=last).exclude(page=last).exists()
    start = Start(
        page=version.pages_read - 1,
        characters=version.characters_read - len(last.raw_text),
        has_text=version.passages_read > 0,
    )
    return start, Resume(page=version.pages_read - 1, ordinal=version.passages_read, has_head=has_head)


def _clean(text: str) -> str:
    return text.replace("\x00", " ")  # Postgres keeps no NUL


def _page_row(version: DocumentVersion, draft: PageDraft) -> Page:
    return Page(
        version=version,
        ordinal=draft.ordinal,
        number=draft.page.number,
        label=_clean(draft.page.label[:60]),
        heading_path=[_clean(heading) for heading in draft.page.heading_path],
        text=_clean(draft.normal.text),
        raw_text=_clean(draft.page.raw_text),
        raw_map=draft.normal.breaks,
    )


def _passage_row(version: DocumentVersion, draft: PassageDraft, page_ids: dict[int, int]) -> Passage:
    return Passage(
        version=version,
        ordinal=draft.ordinal,
        page_id=page_ids[draft.page.ordinal],
        end_page_id=page_ids[draft.end_page.ordinal],
        start=draft.start,
        end=draft.end,
        heading_path=[_clean(heading) for heading in draft.end_page.page.heading_path],
        text=_clean(draft.text),
        sentences=draft.sentences,
    )
