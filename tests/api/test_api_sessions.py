"""Studying over the API: from the first question to the insights."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.api.conftest import MEMORY, DocumentFactory, answer, assert_problem, client_of, start

from hellotutor.accounts.models import User
from hellotutor.insights.models import SessionInsight
from hellotutor.tutoring.models import Answer, Question, Session

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


def test_a_session_starts_with_a_question_that_tells_nothing_of_its_answer(
    api: APIClient, document: DocumentFactory
) -> None:
    started = start(api, document())
    assert (started["state"], started["count"], started["answered"]) == ("active", 2, 0)
    kept = Question.objects.get()
    shown = started["question"]
    assert (shown["id"], shown["prompt"], shown["ordinal"]) == (str(kept.public_id), kept.prompt, 1)
    assert set(shown) == {"id", "ordinal", "kind", "prompt", "choices", "difficulty", "hints_given"}
    assert kept.quote not in json.dumps(started)


def test_a_session_is_resumed_with_the_question_that_waits(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    resumed = api.get(f"{SESSIONS}{started['id']}/").json()
    assert resumed == started
    assert Question.objects.count() == 1


def test_a_session_runs_to_its_end_and_has_its_insights(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    kept = Question.objects.get()
    first = answer(api, started, started["question"], text=kept.answer, confidence=0.9)
    assert first.status_code == 200, first.content
    graded = first.json()
    assert graded["verdict"] == "correct"
    assert graded["answer"] == kept.answer
    assert graded["evidence"]["quote"] == kept.printed_quote
    assert graded["session_state"] == "active"
    second = answer(api, started, graded["next_question"], text="").json()
    assert (second["verdict"], second["next_question"], second["session_state"]) == ("incorrect", None, "finished")
    assert SessionInsight.objects.count() == 1
    shown = api.get(f"{SESSIONS}{started['id']}/insights/").json()
    assert shown["metrics"]["answered"] == 2
    assert [item["concept"] for item in shown["swot"]["strengths"]] == [kept.concept]
    by_concept = {item["concept"]: item for item in shown["mastery"]}
    assert by_concept[kept.concept]["share"] == 1.0
    for item in shown["mastery"]:
        assert item["evidence"]
    resumed = api.get(f"{SESSIONS}{started['id']}/").json()
    assert (resumed["question"], resumed["state"], resumed["answered"]) == (None, "finished", 2)


def test_evidence_leads_to_the_page_it_stands_on(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    evidence = answer(api, started, started["question"], text="x").json()["evidence"]
    page = api.get(f"/api/v1/documents/{evidence['document_id']}/pages/{evidence['page_ordinal']}/").json()
    assert " ".join(evidence["quote"].split()) in " ".join(page["text"].split())
    assert page["text"][evidence["start"] : evidence["end"]] == Question.objects.first().quote  # type: ignore[union-attr]


def test_the_same_answer_again_is_answered_alike_and_other_words_are_refused(
    api: APIClient, document: DocumentFactory
) -> None:
    started = start(api, document())
    first = answer(api, started, started["question"], text="my words").json()
    assert answer(api, started, started["question"], text="my words").json() == first
    assert_problem(answer(api, started, started["question"], text="other words"), 409, "already_answered")
    assert_problem(answer(api, started, started["question"], text="third", attempt=3), 409, "attempt_out_of_order")
    assert Answer.objects.count() == 1


def test_a_choice_is_given_by_its_index_or_its_words(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    Question.objects.update(kind="multiple_choice", choices=["one", "two"], answer="two", key_points=["two"])
    for wrong in (2, -1, True, "three", {"a": 1}):
        assert_problem(answer(api, started, started["question"], choice=wrong), 422, "not_a_choice")
    assert_problem(answer(api, started, started["question"]), 422, "answer_twice")
    assert_problem(answer(api, started, started["question"], text="two", choice=1), 422, "answer_twice")
    by_index = answer(api, started, started["question"], choice=1).json()
    assert (by_index["text"], by_index["verdict"]) == ("two", "correct")
    assert answer(api, started, started["question"], choice="two").json()["id"] == by_index["id"]


def test_hints_climb_the_ladder(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    url, body = f"{SESSIONS}{started['id']}/hints/", {"question_id": started["question"]["id"]}
    hints = [api.post(url, body, format="json").json() for _ in range(4)]
    assert [hint["rung"] for hint in hints] == [1, 2, 3, 3]
    assert {hint["rungs"] for hint in hints} == {3}
    assert all(hint["hint"] for hint in hints)


def test_a_finished_session_takes_no_more_answers(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    finished = api.post(f"{SESSIONS}{started['id']}/finish/")
    assert (finished.status_code, finished.json()["state"]) == (200, "finished")
    assert SessionInsight.objects.count() == 1
    assert api.post(f"{SESSIONS}{started['id']}/finish/").json() == finished.json()
    assert_problem(answer(api, started, started["question"], text="late"), 409, "session_finished")


def test_an_answer_is_looked_at_contested_and_judged(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    given = answer(api, started, started["question"], text="").json()
    url = f"/api/v1/answers/{given['id']}/"
    assert api.get(url).json().items() <= given.items()
    contest = api.post(f"{url}contest/", {"verdict": "correct", "reason": "I said it."}, format="json")
    assert (contest.status_code, contest.json()["answer_id"]) == (201, given["id"])
    assert_problem(api.post(f"{url}contest/", {"verdict": "pending"}, format="json"), 422, "invalid")
    assert_problem(api.post(f"{url}self-grade/", {"verdict": "correct"}, format="json"), 409, "not_unsure")
    Answer.objects.update(verdict="unsure")
    before = api.get(f"{SESSIONS}{started['id']}/insights/").json()
    assert before["metrics"]["verdicts"] == {"unsure": 1}
    judged = api.post(f"{url}self-grade/", {"verdict": "correct"}, format="json").json()
    assert (judged["verdict"], judged["self_verdict"]) == ("unsure", "correct")
    assert SessionInsight.objects.get().metrics["verdicts"] == {"correct": 1}


def test_an_answer_left_pending_is_graded_when_it_is_looked_at(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document())
    given = answer(api, started, started["question"], text="").json()
    Answer.objects.update(verdict="pending", graded_at=None)
    assert api.get(f"/api/v1/answers/{given['id']}/").json()["verdict"] == "incorrect"


def test_looking_with_a_read_only_token_changes_nothing(api: APIClient, alice: User, document: DocumentFactory) -> None:
    reader = client_of(alice, is_read_only=True)
    started = start(api, document())
    url = f"{SESSIONS}{started['id']}/"
    assert reader.get(url).json()["question"] == started["question"]
    given = answer(api, started, started["question"], text="").json()
    Question.objects.filter(answers=None).delete()  # the second one has yet to be written
    assert reader.get(url).json()["question"] is None
    assert Question.objects.count() == 1
    Answer.objects.update(verdict="pending", graded_at=None)
    assert reader.get(f"/api/v1/answers/{given['id']}/").json()["verdict"] == "pending"
    assert reader.get(f"{url}insights/").json()["metrics"]["verdicts"] == {"pending": 1}
    assert not SessionInsight.objects.exists()
    Session.objects.update(count=1)
    assert (reader.get(url).json()["state"], Session.objects.get().state) == ("active", "active")
    api.post(f"{url}finish/")
    kept = SessionInsight.objects.values().get()
    Answer.objects.update(verdict="correct")
    assert reader.get(f"{url}insights/").json()["metrics"]["verdicts"] == {"correct": 1}
    assert SessionInsight.objects.values().get() == kept


def test_sessions_are_listed_by_document_and_state(api: APIClient, document: DocumentFactory) -> None:
    one, other = document(), document(MEMORY + "\n\nMore.\n", filename="more.md")
    first, second = start(api, one), start(api, other, count=1)
    api.post(f"{SESSIONS}{first['id']}/finish/")
    assert [item["id"] for item in api.get(SESSIONS).json()["results"]] == [second["id"], first["id"]]
    assert [item["id"] for item in api.get(SESSIONS, {"state": "active"}).json()["results"]] == [second["id"]]
    by_document = api.get(SESSIONS, {"document": str(one.public_id)}).json()
    assert [item["id"] for item in by_document["results"]] == [first["id"]]
    assert by_document["count"] == 1


def test_the_list_takes_the_same_queries_however_long_it_is(
    api: APIClient, document: DocumentFactory, django_assert_num_queries: Any
) -> None:
    shown = document()
    for _ in range(3):
        start(api, shown)
    with django_assert_num_queries(3):  # the token, the count, the page
        assert len(api.get(SESSIONS).json()["results"]) == 3


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 101}, "count"),
        ({"document_ids": []}, "document_ids"),
        ({"document_ids": ["nonsense"]}, "document_ids.0"),
        ({"scope": {"pages": [9, 2]}}, "scope.pages"),
        ({"scope": {"sections": "all"}}, "scope.sections"),
        ({"scope": []}, "scope"),
    ],
)
def test_what_cant_be_used_is_named(api: APIClient, document: DocumentFactory, more: Any, field: str) -> None:
    body = {"document_ids": [str(document().public_id)], **more}
    problem = assert_problem(api.post(SESSIONS, body, format="json"), 422, "invalid")
    assert field in problem["errors"], problem["errors"]


def test_a_scope_narrows_what_is_asked(api: APIClient, document: DocumentFactory) -> None:
    start(api, document(), count=1, scope={"sections": ["Why we forget"]})
    assert "Why we forget" in Question.objects.get().section
    body = {"document_ids": [str(document().public_id)], "scope": {"sections": ["Galaxies"]}}
    assert_problem(api.post(SESSIONS, body, format="json"), 422, "empty_scope")
    assert Session.objects.count() == 1


def test_only_the_kinds_that_are_wanted_are_asked(api: APIClient, document: DocumentFactory) -> None:
    started = start(api, document(), count=1, kinds=["cloze"])  # of the sample's questions few are
    assert (started["kinds"], started["question"]["kind"]) == (["cloze"], "cloze")
    open_questions = start(api, document(), count=8, kinds=["short_answer"])
    question = open_questions["question"]
    for _ in range(4):
        assert question["kind"] == "short_answer"
        question = answer(api, open_questions, question, text="x").json()["next_question"]
    body = {"document_ids": [str(document().public_id)], "kinds": ["essay"]}
    assert "kinds.0" in assert_problem(api.post(SESSIONS, body, format="json"), 422, "invalid")["errors"]


def test_a_document_that_is_still_read_is_asked_about_later(api: APIClient, document: DocumentFactory) -> None:
    body = {"document_ids": [str(document(is_read=False).public_id)]}
    assert_problem(api.post(SESSIONS, body, format="json"), 422, "not_read_yet")
    assert not Session.objects.exists()
