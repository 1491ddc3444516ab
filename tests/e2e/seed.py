"""Fills a service's data folder with every state that a page can show, in a process of its own; prints where they are.

`python -m tests.e2e.seed`, with DATA_DIR in the environment.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fpdf import FPDF

from hellotutor.config.startup import migrate, start

EMPTY, HOSTILE = "empty@example.org", "hostile@example.org"
SCRIPT = "<script>alert(1)</script>"
MARK = f'{SCRIPT}"><img src=x onerror=alert(2)>[click](javascript:alert(3))'


def main() -> None:
    """Print JSON: the path of each state by its name."""
    start()
    migrate()
    # both need Django set up
    from benchmarks.library_of_200 import build_library

    from hellotutor.accounts.models import User
    from hellotutor.cli.learner import local_user

    User.objects.create_user(EMPTY)
    hostile = build_library(
        User.objects.create_user(HOSTILE), documents=3, answers=80, pages=3, conversations=2, mark=MARK, original=_pdf()
    )
    library = build_library(local_user(), documents=5, answers=130, pages=3, conversations=3, original=_pdf())
    states = {**_fixed(library), **_ingestion(library), **_study(library)}
    sys.stdout.write(json.dumps({"states": states, "hostile": _fixed(hostile)}))


def _pdf() -> bytes:
    """Return three pages whose text is that of the seeded ones."""
    from benchmarks.library_of_200 import page_text

    document = FPDF()
    document.set_font("helvetica", size=12)
    for number in range(3):
        document.add_page()
        document.multi_cell(w=0, text=page_text(number))
    return bytes(document.output())


def _fixed(library: Any) -> dict[str, str]:
    document, last = f"/documents/{library.document.public_id}/", library.finished_session.public_id
    return {
        "home": "/",
        "upload": "/",
        "document": document,
        "reader-pdf": f"{document}pages/1/?start=0&end=52",
        "sessions": "/study/",
        "start": f"/study/start/?document={library.document.public_id}",
        "session-short-answer": f"/study/{library.open_session.public_id}/",
        "session-finished": f"/study/{last}/",
        "chat": "/chat/",
        "conversation": f"/chat/{library.conversation.public_id}/",
        "insights": "/insights/",
        "session_insights": f"/insights/{last}/",
        "account": "/account/",
    }


def _ingestion(library: Any) -> dict[str, str]:
    """Leave one document in each state of its reading, and one without pages."""
    from hellotutor.documents.models import Document, DocumentVersion, Page

    others = list(Document.objects.for_user(library.owner).exclude(pk=library.document.pk))
    states: dict[str, str] = {}
    for document, status in zip(others, ("queued", "reading", "failed", "embedding"), strict=True):
        error = ("unreadable_pdf", "The PDF is damaged: save it again.") if status == "failed" else ("", "")
        DocumentVersion.objects.filter(document=document).update(
            status=status, error_code=error[0], error_message=error[1], pages_read=1, passages_embedded=1
        )
        states[f"document-{status}"] = f"/documents/{document.public_id}/"
    text = others[-1]
    DocumentVersion.objects.filter(document=text).update(pages_total=None, filename="notes.md")
    Page.objects.filter(version__document=text).update(number=None, label="")
    states |= _ended_early(library) | _replaced(library)
    return {**states, "reader-text": f"/documents/{text.public_id}/pages/1/?start=0&end=52"}


def _ended_early(library: Any) -> dict[str, str]:
    """Leave a document whose reading failed in the middle, and one whose reading was stopped before anything."""
    damaged = {"error_code": "unreadable_pdf", "error_message": "The PDF ends in the middle of page 500."}
    read = {"pages_total": 900, "pages_read": 499, "passages_read": 4_000, "working_s": 41.0}
    return {
        "document-incomplete": _add(library, "Half of it.pdf", status="failed", **damaged, **read),
        "document-stopped": _add(library, "Stopped.pdf", status="cancelled"),
    }


def _replaced(library: Any) -> dict[str, str]:
    """Leave a document whose new file is being read, and one whose new file can't be."""
    from hellotutor.documents.models import Document, DocumentVersion

    states = {
        "replaced": {"status": "reading", "pages_total": 40, "pages_read": 12, "passages_read": 90, "working_s": 3.0},
        "not-replaced": {
            "status": "failed",
            "error_code": "no_text",
            "error_message": "It holds no text: it is a scan.",
        },
    }
    paths = {}
    for name, fields in states.items():
        paths[f"document-{name}"] = _add(library, f"{name}.pdf", status="indexed", pages_read=3, passages_read=3)
        document = Document.objects.for_user(library.owner).get(title=f"{name}.pdf")
        DocumentVersion.objects.create(
            document=document,
            owner=library.owner,
            number=2,
            sha256=f"new {name}",
            size_bytes=2_000_000,
            filename="second edition.pdf",
            reader="pdf-1",
            **fields,
        )
    return paths


def _add(library: Any, title: str, **fields: Any) -> str:
    """Add a document without pages; return its path."""
    from hellotutor.documents.models import Document, DocumentVersion

    document = Document.objects.create(owner=library.owner, title=title)
    DocumentVersion.objects.create(
        document=document,
        owner=library.owner,
        sha256=title,
        size_bytes=1_000_000,
        filename=title,
        reader="pdf-1",
        **fields,
    )
    return f"/documents/{document.public_id}/"


def _study(library: Any) -> dict[str, str]:
    """Open a session with a question of each other kind; show a grade of each verdict."""
    from hellotutor.tutoring.models import Answer, Question, Session

    states = {}
    choices = ["through a membrane", "through a wall", "through a wire", "through a well"]
    for name, offered in (("multiple-choice", choices), ("looked-at", choices), ("cloze", [])):
        session = library.open_session
        session.pk, session.public_id = None, Session._meta.get_field("public_id").get_default()
        session.save()
        question = library.waiting_question
        question.pk, question.public_id = None, Question._meta.get_field("public_id").get_default()
        question.session, question.ordinal, question.choices = session, 1, offered
        question.kind = "multiple_choice" if offered else "cloze"
        question.answer = choices[0] if offered else "membrane"
        question.prompt = "How does water move?" if offered else "Water moves through a _____ by osmosis."
        question.save()
        states[f"session-{name}"] = f"/study/{session.public_id}/"
    for verdict in ("correct", "partial", "incorrect", "unsure"):
        answer = Answer.objects.for_user(library.owner).filter(verdict=verdict).select_related("question__session")[0]
        address = f"/study/{answer.question.session.public_id}/?question={answer.question.public_id}"
        states[f"verdict-{verdict}"] = address
    return states


if __name__ == "__main__":
    main()
