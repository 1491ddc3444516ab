"""Reading what a session is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from hellotutor.accounts.models import User
from hellotutor.core.errors import Invalid
from hellotutor.documents.models import DocumentVersion, Passage

from .models import Answer, Question, Session
from .tutors.base import Excerpt, Kind, Verdict

_HEADINGS_ALIKE, _HEADINGS_SHOWN = 4, 12
_VERSIONS_A_QUERY = 200  # SQLite refuses a condition of more than 1,000 alternatives
_EXCERPT_FIELDS = (
    "id",
    "ordinal",
    "text",
    "sentences",
    "heading_path",
    "page_id",
    "end_page_id",
    "end",
    "page__number",
    "end_page__number",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the documents that is studied, and by which kinds of question.

    Attributes:
        sections: headings, alone or as a path joined by " › ": each takes what stands under it; one that is no heading
            takes every section whose path holds the text. Empty for everything.
        pages: first and last physical page, both included, or None for all.
        topic: what the passages are about; empty for everything. It is looked up by `rag_query`, with a search.
        kinds: the kinds of question that are wanted; empty for all.
    """

    sections: tuple[str, ...] = ()
    pages: tuple[int, int] | None = None
    topic: str = ""
    kinds: tuple[Kind, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.sections or self.pages or self.topic)

    def as_json(self) -> dict[str, Any]:
        """Return the scope as it is stored with a session."""
        pages = list(self.pages) if self.pages else None
        stored: dict[str, Any] = {"sections": list(self.sections), "pages": pages, "topic": self.topic}
        return {**stored, "kinds": [kind.value for kind in self.kinds]} if self.kinds else stored

    def has_page(self, number: int | None) -> bool:
        """Say whether a page is in scope."""
        return self.pages is None or (number is not None and self.pages[0] <= number <= self.pages[1])

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Scope:
        """Return a stored scope."""
        pages = stored.get("pages")
        sections = stored.get("sections") or ([stored["section"]] if stored.get("section") else [])
        kinds = tuple(Kind(kind) for kind in stored.get("kinds") or ())
        return cls(tuple(sections), (pages[0], pages[1]) if pages else None, stored.get("topic") or "", kinds)


def list_excerpts(
    versions: Sequence[DocumentVersion], scope: Scope | None = None, *, ordinals: Sequence[int] | None = None
) -> list[Excerpt]:
    """Return the passages in scope, in the order of the documents.

    Args:
        versions: where to look.
        scope: the part of them; everything by default.
        ordinals: only the passages with these ordinals; then nothing in scope is an empty list.

    Raises:
        Invalid: the scope names a section or pages that the documents don't have (`empty_scope`).
    """
    scope = scope or Scope()
    excerpts = [excerpt for version in versions for excerpt in _of_version(version, scope, ordinals)]
    if not excerpts and ordinals is None and (scope.sections or scope.pages):
        raise Invalid("empty_scope", _nothing_in_scope(versions, scope))
    return excerpts


def find_excerpts(
    versions: Sequence[DocumentVersion], places: Iterable[tuple[str, int]], scope: Scope
) -> dict[tuple[str, int], Excerpt]:
    """Return the passages at these places that are in scope, by place: public id of the version and ordinal."""
    asked = {str(version.public_id): version for version in versions}
    ordinals: dict[int, list[int]] = {}
    for version_id, ordinal in places:
        ordinals.setdefault(asked[version_id].pk, []).append(ordinal)
    by_pk = {version.pk: (version_id, version) for version_id, version in asked.items() if version.pk in ordinals}
    paths = {pk: _paths_in_scope(version, scope) for pk, (_, version) in by_pk.items()} if scope.sections else None
    found: dict[tuple[str, int], Excerpt] = {}
    conditions = [Q(version=pk, ordinal__in=numbers) for pk, numbers in ordinals.items()]
    for first in range(0, len(conditions), _VERSIONS_A_QUERY):
        wanted = Q(*conditions[first : first + _VERSIONS_A_QUERY], _connector=Q.OR)
        rows = _on_pages(Passage.objects.filter(wanted), scope).values_list("version_id", *_EXCERPT_FIELDS)
        for pk, *row in rows:
            version_id, version = by_pk[pk]
            if paths is None or _join(row[4]) in paths[pk]:
                total = max(1, version.passages_read)
                found[version_id, row[1]] = _excerpt(tuple(row), pk, version.document.title, total, scope)
    return found


def _of_version(version: DocumentVersion, scope: Scope, ordinals: Sequence[int] | None) -> list[Excerpt]:
    passages = Passage.objects.filter(version=version).order_by("ordinal")
    total = max(1, version.passages_read)
    if ordinals is not None:
        passages = passages.filter(ordinal__in=ordinals)
    rows = _on_pages(passages, scope).values_list(*_EXCERPT_FIELDS)
    title = version.document.title
    paths = _paths_in_scope(version, scope) if scope.sections else None
    return [_excerpt(row, version.pk, title, total, scope) for row in rows if paths is None or _join(row[4]) in paths]


def _on_pages(passages: QuerySet[Passage], scope: Scope) -> QuerySet[Passage]:
    if scope.pages is None:
        return passages
    first, last = scope.pages
    return passages.filter(page__number__lte=last, end_page__number__gte=first)


def _paths_in_scope(version: DocumentVersion, scope: Scope) -> set[str]:
    """Return the heading paths that stand under one of the scope's sections."""
    found = Passage.objects.filter(version=version).order_by().values_list("heading_path", flat=True).distinct()
    headings = {_join(path): [heading.casefold() for heading in path] for path in found}
    return {path for section in scope.sections for path in _under(section.casefold(), headings)}


def _under(section: str, headings: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the paths under a heading; where there is no such heading, those that hold its text."""
    exact = [path for path, parts in headings.items() if section in parts or f"{path} › ".startswith(f"{section} › ")]
    yield from exact or (path for path in headings if section in path)


def _join(heading_path: Sequence[str]) -> str:
    return " › ".join(heading_path).casefold()


def _excerpt(row: tuple[Any, ...], version_id: int, title: str, total: int, scope: Scope) -> Excerpt:
    passage_id, ordinal, text, sentences, heading_path, page_id, end_page_id, end, page_number, end_page_number = row
    # The passage's last `end` characters stand on its last page; a sentence over that border stands on no one page.
    border = 0 if page_id == end_page_id else len(text) - end
    spans = tuple((first, last) for first, last in sentences)
    has_first, has_last = scope.has_page(page_number), scope.has_page(end_page_number)
    is_askable = [(has_first and last < border) or (has_last and first >= border) for first, last in spans]
    return Excerpt(
        passage_id=passage_id,
        ordinal=ordinal,
        document=title,
        version_id=version_id,
        text=text,
        sentences=spans,
        heading_path=tuple(heading_path),
        page=page_number,
        position=ordinal / total,
        on_one_page=tuple(is_askable),
    )


def _nothing_in_scope(versions: Sequence[DocumentVersion], scope: Scope) -> str:
    pages = [number for version in versions if (number := version.pages.filter(number__isnull=False).count())]
    if scope.pages and not pages:
        return "This document has no pages: choose a part of it by its sections."
    if scope.pages:
        first, last = scope.pages
        return f"There is no text on pages {first}-{last}: the document has pages 1-{max(pages)}."
    wanted = "”, “".join(scope.sections)
    offered = "; ".join(_like_headings(versions, scope.sections[0]))
    return f"No heading holds “{wanted}”. " + (f"Headings are: {offered}." if offered else "There are no headings.")


def _like_headings(versions: Sequence[DocumentVersion], wanted: str) -> list[str]:
    """Return some headings of these versions: those most like what was wanted, then the first ones."""
    headings: dict[str, str] = {}
    for version in versions:
        for path in version.pages.order_by("ordinal").values_list("heading_path", flat=True):
            headings.update({heading.casefold(): heading for heading in path})
    alike = get_close_matches(wanted.casefold(), headings, n=_HEADINGS_ALIKE, cutoff=0.4)
    shown = [headings[key] for key in dict.fromkeys([*alike, *headings])]
    return [*shown[:_HEADINGS_SHOWN], "…"] if len(shown) > _HEADINGS_SHOWN else shown


def used_quotes(user: User, versions: Sequence[DocumentVersion]) -> set[str]:
    """Return the quotes that this user was already asked about in these documents."""
    documents = {version.document_id for version in versions}
    asked = Question.objects.for_user(user).filter(session__versions__document__in=documents)
    return set(asked.values_list("quote", flat=True))


def known_quotes(user: User, versions: Sequence[DocumentVersion]) -> set[str]:
    """Return the quotes of the questions on these documents that this user answered correctly."""
    documents = {version.document_id for version in versions}
    answers = Answer.objects.for_user(user).filter(question__session__versions__document__in=documents)
    known = answers.filter(Q(verdict=Verdict.CORRECT) | Q(self_verdict=Verdict.CORRECT))
    return set(known.values_list("question__quote", flat=True))


def recent_quotes(session: Session, versions: Sequence[DocumentVersion]) -> set[str]:
    """Return the quotes that the learner was asked about in the last session on these documents before this one."""
    documents = {version.document_id for version in versions}
    before = Session.objects.for_user(session.owner).filter(versions__document__in=documents, pk__lt=session.pk)
    last = before.order_by("-pk").first()
    return set(last.questions.values_list("quote", flat=True)) if last else set()


def find_open_session(user: User, versions: Sequence[DocumentVersion], scope: Scope) -> Session | None:
    """Return the newest session of exactly these versions and this scope that was left before its end."""
    candidates: QuerySet[Session] = (
        Session.objects.for_user(user)
        .filter(state=Session.State.ACTIVE, scope=scope.as_json())
        .annotate(version_count=Count("versions"))
        .filter(version_count=len(versions))
    )
    for version in versions:
        candidates = candidates.filter(versions=version)
    return candidates.first()


def list_sessions(user: User) -> QuerySet[Session]:
    """Return the user's sessions, newest first, each with `answered_count`: how many questions were answered."""
    answers = Answer.objects.filter(question__session=OuterRef("pk")).order_by().values("question__session")
    # a subquery is asked for the rows that are shown alone; a join would count every answer for every page of a list
    answered = Subquery(answers.annotate(number=Count("question", distinct=True)).values("number"))
    return Session.objects.for_user(user).annotate(answered_count=Coalesce(answered, 0)).order_by("-created_at", "-id")


def graded_answers(session: Session) -> list[Answer]:
    """Return the last answer to each question, in the order asked."""
    answers = Answer.objects.filter(question__session=session).select_related("question")
    last = {answer.question_id: answer for answer in answers.order_by("question__ordinal", "attempt")}
    return list(last.values())
