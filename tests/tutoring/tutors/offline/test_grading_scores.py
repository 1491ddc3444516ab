"""Scores and feedback of every grade, whatever was answered."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tutoring.tutors.offline.learner_answers import CHOICE, QUESTIONS, cloze

from hellotutor.tutoring.tutors.base import QuestionToGrade
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader
from hellotutor.tutoring.tutors.offline.short_answers import BANDS


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(["the", "not", "moon", "oceans", "attracts", "or", "by", "14", "high", "low"]), max_size=30
        ).map(" ".join),
    ),
    question=st.sampled_from([*QUESTIONS, CHOICE, cloze("cytoplasm")]),
)
def test_every_grade_has_feedback_and_a_score_in_the_band_of_its_verdict(text: str, question: QuestionToGrade) -> None:
    grade = OfflineGrader(None).grade(question, text)

    low, high = BANDS[grade.verdict]
    assert low <= grade.score <= high
    assert grade.feedback.strip()
    assert "(page" not in grade.feedback
    assert set(grade.right) | set(grade.missing) <= set(question.key_points)
    assert not set(grade.right) & set(grade.missing)
