"""How many questions came to which verdict: one count a session, or one over everything that a learner answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, QuerySet

from hellotutor.accounts.models import User

from .models import Answer, Session
from .tutors.base import Verdict


def tally_verdicts(user: User) -> Counter[Verdict]:
    """Return how many of the learner's questions stand at each verdict, by the last answer to each."""
    rows = _last_answers(user).values_list("self_verdict", "verdict").annotate(number=Count("pk"))
    tally: Counter[Verdict] = Counter()
    for judged, graded, number in rows:
        tally[Verdict(judged or graded)] += number
    return tally


def tally_sessions(user: User, sessions: Iterable[Session]) -> dict[int, Counter[Verdict]]:
    """Return the same for each of these sessions, by its database id; one query for all of them."""
    tallies: dict[int, Counter[Verdict]] = {session.pk: Counter() for session in sessions}
    rows = _last_answers(user).filter(question__session__in=list(tallies))
    for session_id, judged, graded in rows.values_list("question__session_id", "self_verdict", "verdict"):
        tallies[session_id][Verdict(judged or graded)] += 1
    return tallies


def _last_answers(user: User) -> QuerySet[Answer]:
    later = Answer.objects.filter(question=OuterRef("question"), attempt__gt=OuterRef("attempt"))
    return Answer.objects.for_user(user).filter(~Exists(later)).order_by()
