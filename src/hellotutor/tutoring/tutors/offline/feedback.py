"""The sentences that a learner reads after an answer: what was right, missing or wrong, in plain words.

The full answer, its quote and its place are shown beside them; they repeat none of the three.
"""

from __future__ import annotations

from collections.abc import Sequence

from hellotutor.tutoring.tutors.base import Verdict
from hellotutor.tutoring.tutors.offline.replacements import Replacement

RIGHT = "That's right."
_NOT_ALL = "What you say is in the text, but a part of the answer is missing."
_UNSURE = "Your words are too far from the text's to be sure: compare the two and grade yourself."
_WRONG = "That doesn't answer it yet."


def judged(verdict: Verdict, right: Sequence[str], missing: Sequence[str], remark: str) -> str:
    """Return one to three sentences for a verdict.

    Args:
        verdict: any but pending.
        right: key points that the answer covers.
        missing: key points that it doesn't.
        remark: what held full credit back, or "".
    """
    if verdict is Verdict.CORRECT:
        return RIGHT
    if verdict is Verdict.UNSURE:
        return f"{remark} Compare it with the text and grade yourself." if remark else _UNSURE
    if verdict is Verdict.INCORRECT:
        return f"{_WRONG} {remark}".rstrip()
    parts = [f"You have {_listed(right)}." if right and missing else "", remark]
    parts.append(f"Still missing: {_listed(missing)}." if missing else "")
    return " ".join(filter(None, parts)) or _NOT_ALL


def contradicted(explanation: str) -> str:
    """Return the sentences for an answer that goes against the text."""
    return f"Not quite. {explanation}"


def replaced(replacement: Replacement) -> str:
    """Return the sentences for an answer that is wrong for one word."""
    return f"Not quite. {name_replaced(replacement)}"


def name_replaced(replacement: Replacement) -> str:
    """Return a sentence that names a replaced word."""
    return f"The text says “{replacement.told}”, not “{replacement.written}”."


def _listed(points: Sequence[str]) -> str:
    return "; ".join(f"“{point.strip(' .;,')}”" for point in points)
