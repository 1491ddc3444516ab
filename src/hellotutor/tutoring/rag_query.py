"""Questions and replies from the documents: where retrieval and the tutor meet."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence

from django.db import DatabaseError, transaction

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core.errors import Invalid, NotFound
from hellotutor.documents.models import DocumentVersion, Passage
from hellotutor.documents.selectors import locate
from hellotutor.monitoring import capture, catalogue
from hellotutor.monitoring import count as count_expected
from hellotutor.retrieval.evidence import Hit, Place
from hellotutor.retrieval.search import Search, SearchResult

from .models import Question, Session
from .selectors import Scope, find_excerpts, known_quotes, list_excerpts, recent_quotes, used_quotes
from .tutors.base import DraftQuestion, Excerpt, Reply, Tutor

_REPLY_PASSAGES = 12
_REPLY_CHARACTERS = 4_000  # what the best of the passages found may fill before they are chosen
_TOPIC_PASSAGES = 60  # about 18,000 characters, ten pages
_DRAFTS_A_QUESTION, _MOST_DRAFTS = 10, 100  # where only some kinds are wanted: the rarest is about a seventh
_TOPIC_COSINE = 0.35  # as far as a passage that shares no word with a topic may be from it
_SAMPLED_PASSAGES, _SAMPLED_RUN = 2_000, 25
_SCOPED_PASSAGES = 2_000  # looked through for those in scope


def generate_question_batch(
    *,
    session: Session,
    tutor: Tutor,
    count: int,
    search: Search | None = None,
) -> Iterator[Question]:
    """Write up to `count` new questions for the session and yield each as soon as it is stored.

    Args:
        session: whose scope and documents are asked about.
        tutor: who writes.
        count: how many are wanted; fewer come when the text doesn't hold as many fair ones.
        search: finds what a topic is about; needed only where the session's scope names one.

    Raises:
        Invalid: nothing is in scope (`empty_scope`).
        ValueError: the scope names a topic and there is no search.
    """
    versions = list(session.versions.select_related("document__owner").order_by("id"))
    try:
        for passages in _list_in_scope(session, versions, search):
            written = 0
            for question in _write_batch(session, versions, tutor, passages, count):
                written += 1
                yield question
            if written:
                return
    except Invalid as error:
        count_expected(f"session.{error.code}")
        raise
    except Exception as error:
        capture(catalogue.QUESTION_BATCH, error, **_fields(session, versions))
        raise


def _list_in_scope(
    session: Session, versions: Sequence[DocumentVersion], search: Search | None
) -> Iterator[list[Excerpt]]:
    """Yield the passages in scope, in the order of their documents; of whole libraries a sample first."""
    scope = Scope.from_json(session.scope)
    if scope.topic:
        yield _about_topic(versions, scope, search)
        return
    if scope.is_everything and sum(version.passages_read for version in versions) > 2 * _SAMPLED_PASSAGES:
        yield _sample(session, versions)
    yield list_excerpts(versions, scope)


def _sample(session: Session, versions: Sequence[DocumentVersion]) -> list[Excerpt]:
    """Return runs of passages from all over the documents, others for each question, in order.

    Loading and weighing all of a long book takes seconds for each question, and most of it is not looked at.
    """
    total = sum(version.passages_read for version in versions)
    step = total * _SAMPLED_RUN // _SAMPLED_PASSAGES  # from the start of a run to the start of the next
    rng = random.Random(f"{session.seed} {session.questions.count()}")  # noqa: S311 (chooses passages, not secrets)
    sampled: list[Excerpt] = []
    for version in versions:
        starts = range(rng.randrange(step) - step // 2, version.passages_read, step)
        ordinals = [ordinal for start in starts for ordinal in range(max(0, start), start + _SAMPLED_RUN)]
        sampled += list_excerpts([version], ordinals=ordinals)
    return sampled


def _about_topic(versions: Sequence[DocumentVersion], scope: Scope, search: Search | None) -> list[Excerpt]:
    if search is None:
        raise ValueError("a topic is looked up with a search")
    result = search.search(scope.topic, **_asked_of(search, versions), k=_TOPIC_PASSAGES)
    # by meaning everything is a little alike: a passage is about the topic that names it, or comes near
    about = [hit for hit in result.hits if hit.lexical_score > 0 or (hit.cosine or 0.0) >= _TOPIC_COSINE]
    found = find_excerpts(versions, [hit.place for hit in about], scope)
    if not found:
        raise Invalid("empty_scope", f"Nothing about “{scope.topic}” was found in this part of your documents.")
    return sorted(found.values(), key=lambda excerpt: (excerpt.version_id, excerpt.ordinal))


def _write_batch(
    session: Session, versions: Sequence[DocumentVersion], tutor: Tutor, passages: Sequence[Excerpt], count: int
) -> Iterator[Question]:
    """Write new questions from places that the session hasn't touched, and where these hold too few, from everywhere.

    When everything has been asked in earlier sessions, what wasn't answered correctly comes back, what the last session
    asked after the rest.
    """
    untouched = _away_from_asked(session, passages)
    asked = used_quotes(session.owner, versions)
    known = known_quotes(session.owner, versions)
    recent = recent_quotes(session, versions)
    attempts = [
        (untouched, asked),
        *((passages, avoid) for avoid in (asked, known | recent, known, recent, set[str]())),
    ]
    tried: list[tuple[int, set[str]]] = []
    for excerpts, avoid in attempts:
        avoid = avoid | set(session.questions.values_list("quote", flat=True))
        if not count or (len(excerpts), avoid) in tried:
            continue
        tried.append((len(excerpts), avoid))
        for draft in _write_drafts(tutor, excerpts, count, avoid, session):
            question = generate_question(session=session, draft=draft)
            if question:
                count -= 1
                yield question
            if not count:
                break


def _write_drafts(
    tutor: Tutor, excerpts: Sequence[Excerpt], count: int, avoid: Collection[str], session: Session
) -> Iterator[DraftQuestion]:
    """Yield drafts of the kinds that are wanted; a tutor writes as the text lends itself, so more are asked for."""
    kinds = Scope.from_json(session.scope).kinds
    asked_for = min(_MOST_DRAFTS, count * _DRAFTS_A_QUESTION) if kinds else count
    for draft in tutor.write_questions(excerpts, asked_for, avoid=avoid, seed=session.seed):
        if not kinds or draft.kind in kinds:
            yield draft


def _away_from_asked(session: Session, passages: Sequence[Excerpt]) -> list[Excerpt]:
    """Return the passages that are at least half a question's share of the document away from what was asked."""
    asked = [
        (version_id, ordinal / max(1, passages_read))
        for version_id, ordinal, passages_read in session.questions.filter(passage__isnull=False).values_list(
            "version_id", "passage__ordinal", "version__passages_read"
        )
    ]
    distance = 0.5 / max(1, session.count)
    return [
        excerpt
        for excerpt in passages
        if all(excerpt.version_id != version or abs(excerpt.position - at) >= distance for version, at in asked)
    ]


def generate_question(*, session: Session, draft: DraftQuestion) -> Question | None:
    """Store one question with the snapshot of its evidence.

    Returns:
        None when its quote isn't verbatim on one page, or when it could not be stored; the session goes on without it.
    """
    try:
        return _store_question(session, draft)
    except Passage.DoesNotExist:  # the document is being read anew, or was deleted, meanwhile
        count_expected("question.passage_gone")
        return None
    except DatabaseError as error:
        capture(catalogue.QUESTION, error, **_fields(session, []))
        return None


def _store_question(session: Session, draft: DraftQuestion) -> Question | None:
    excerpt = draft.evidence.excerpt
    passage = Passage.objects.select_related("page", "end_page", "version__document").get(pk=excerpt.passage_id)
    located = locate(passage, draft.evidence.start, draft.evidence.end)
    quote = located.page.text[located.start : located.end] if located else ""
    if located is None or quote != draft.evidence.quote:
        count_expected("question.quote_not_on_one_page")
        return None
    page = located.page
    with transaction.atomic():
        return Question.objects.create(
            session=session,
            ordinal=session.questions.count() + 1,
            kind=draft.kind.value,
            prompt=draft.prompt,
            choices=list(draft.choices),
            answer=draft.answer,
            key_points=list(draft.key_points),
            concept=draft.concept[:200],
            difficulty=draft.difficulty,
            version=passage.version,
            passage=passage,
            document_title=passage.version.document.title,
            page_number=page.number,
            page_label=page.label,
            page_ordinal=page.ordinal,
            section=" › ".join(page.heading_path)[:600],
            quote=quote,
            printed_quote=located.printed,
            quote_start=located.start,
            quote_end=located.end,
        )


def query_rag(
    *,
    message: str,
    user: User,
    versions: Sequence[DocumentVersion],
    search: Search,
    tutor: Tutor,
    scope: Scope | None = None,
) -> tuple[Reply, SearchResult]:
    """Reply to a learner's question from these document versions, with citations.

    Args:
        message: the question.
        user: who asks.
        versions: what is searched; those that the user may not read are left out.
        search: hybrid search.
        tutor: who replies.
        scope: the part of the versions that is searched; everything by default.

    Returns:
        The reply, and how the passages were found (hybrid or lexical, and why).

    Raises:
        NotFound: the user may read none of the versions (`document_not_found`).
    """
    readable = list(
        DocumentVersion.objects.for_user(user)
        .filter(pk__in=[version.pk for version in versions])
        .select_related("document", "owner")
    )
    if not readable:
        raise NotFound("document_not_found", "There is no such document.")
    try:
        result, excerpts = _find_evidence(message, readable, search, scope or Scope())
        return tutor.reply(message, excerpts[:_REPLY_PASSAGES]), result
    except Exception as error:
        capture(
            catalogue.QUERY,
            error,
            user_id=str(user.public_id),
            document_id=str(readable[0].document.public_id),
            query_snippet=message,
        )
        raise


def _find_evidence(
    message: str, versions: Sequence[DocumentVersion], search: Search, scope: Scope
) -> tuple[SearchResult, list[Excerpt]]:
    """Return how the evidence was found, and the passages in scope that hold it, best first."""
    found: dict[Place, Excerpt] = {}

    def read(hits: Sequence[Hit]) -> dict[Place, Excerpt]:
        found.update(find_excerpts(versions, [hit.place for hit in hits], scope))
        return found

    result = search.find_evidence(
        f"{scope.topic} {message}".strip(),
        **_asked_of(search, versions),
        read=read,
        budget=_REPLY_CHARACTERS,
        k=None if scope.is_everything else _SCOPED_PASSAGES,
    )
    return result, [found[place] for place in dict.fromkeys(quote.place for quote in result.quotes)]


def _asked_of(search: Search, versions: Sequence[DocumentVersion]) -> dict[str, list[str]]:
    """Return where to search; what this process has kept of versions that were read anew since is dropped."""
    places = {(get_tenant_tag(version.owner.public_id), str(version.public_id)): version for version in versions}
    search.look_again({place: version.reading for place, version in places.items()})
    return {"tenants": sorted({tenant for tenant, _ in places}), "versions": [version_id for _, version_id in places]}


def _fields(session: Session, versions: Sequence[DocumentVersion]) -> dict[str, str]:
    return {
        "session_id": str(session.public_id),
        "user_id": str(session.owner.public_id),
        "document_id": str(versions[0].document.public_id) if versions else "",
    }
