"""Every failure that is captured, by name: what it carries, and what the learner sees when it happens.

Names of components, operations, stages and fields are those of the system this one replaces; alerts hang on them.
A new failure is one more line here; `docs/monitoring/README.md` shows them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .fields import FIELD_KINDS

OperationKind = Literal["method", "function", "view"]
Level = Literal["warning", "error", "fatal"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which an operation fails.

    Attributes:
        name: `component.operation`, and `.stage` where there is one.
        component: the part of the program, as the alerts know it.
        operation_kind: the tag under which `operation` is sent.
        operation: the method, function or view that failed.
        stage: how far a multi-step operation had come; None for the operation as a whole.
        level: how bad it is.
        fields: what a caller may tell of it, each a key of `FIELD_KINDS`.
        user_sees: what the learner notices of it, at the command line or on a page.
    """

    name: str
    component: str
    operation_kind: OperationKind
    operation: str
    stage: str | None
    level: Level
    fields: frozenset[str]
    user_sees: str

    def fingerprint(self, error: BaseException) -> list[str]:
        """Return what makes two events one issue: component, operation, stage and the exception's type."""
        return [self.component, self.operation, self.stage or "-", type(error).__qualname__]

    def tags(self) -> dict[str, str]:
        """Return the tags that stand in the row itself."""
        tags = {"failure": self.name, "component": self.component, self.operation_kind: self.operation}
        return tags if self.stage is None else {**tags, "stage": self.stage}


CATALOGUE: dict[str, Failure] = {}


def _row(
    component: str,
    operation: str,
    stage: str | None,
    fields: str,
    user_sees: str,
    *,
    kind: OperationKind = "function",
    level: Level = "error",
) -> Failure:
    """Add a failure to the catalogue; `fields` are separated by spaces."""
    name = ".".join(part for part in (component, operation, stage) if part)
    wanted = frozenset(fields.split())
    if name in CATALOGUE or not wanted <= FIELD_KINDS.keys():
        raise ValueError(f"{name} stands twice or has an unknown field: {sorted(wanted - FIELD_KINDS.keys())}")
    CATALOGUE[name] = Failure(name, component, kind, operation, stage, level, wanted, user_sees)
    return CATALOGUE[name]


_OF_INGESTION = "s3_key user_id document_id chunk_count vector_count index filename"
_OF_QUERY = "session_id document_id user_id query_snippet"
_NOT_READ = "The document is marked failed, with the reason; it can be tried again."
_NOT_READ_YET = "A document still being read is marked failed and can be tried again; one that was read can be studied."
_WORDS_ONLY = "The document can be studied and searched by words; search by meaning follows when this is mended."

INGEST_DOWNLOAD = _row("rag_ingestion", "ingest_document", "download", _OF_INGESTION, _NOT_READ)
INGEST_READING = _row("rag_ingestion", "ingest_document", "document_reading_chunking", _OF_INGESTION, _NOT_READ)
INGEST_INITIALIZATION = _row("rag_ingestion", "ingest_document", "initialization", _OF_INGESTION, _NOT_READ_YET)
INGEST_EMBEDDING = _row("rag_ingestion", "ingest_document", "embedding", _OF_INGESTION, _WORDS_ONLY)
# The stage keeps its old name whatever index is selected; the field `index` says which.
INGEST_UPSERT = _row("rag_ingestion", "ingest_document", "pinecone_upsert", _OF_INGESTION, _WORDS_ONLY)
INGEST_UNEXPECTED = _row("rag_ingestion", "ingest_document", "unexpected", _OF_INGESTION, _NOT_READ)

_NOT_STORED = "The upload is refused with the reason and can be tried again; nothing half stored is acknowledged."
_OF_STORAGE = "s3_key error_type"

S3_INITIALIZE_CLIENT = _row(
    "s3_storage",
    "_initialize_client",
    None,
    "error_type",
    "Nothing can be uploaded or read until this is mended.",
    kind="method",
)
S3_UPLOAD_DOCUMENT = _row(
    "s3_storage", "upload_document", None, f"user_id filename {_OF_STORAGE}", _NOT_STORED, kind="method"
)
S3_DOWNLOAD_DOCUMENT = _row(
    "s3_storage",
    "download_document",
    None,
    _OF_STORAGE,
    "What needs the file says why it can't be had; a document being read is tried again, where that can help.",
    kind="method",
)
S3_DELETE_DOCUMENT = _row(
    "s3_storage",
    "delete_document",
    None,
    _OF_STORAGE,
    "The document is gone; its object is left to be swept away.",
    kind="method",
)
S3_LOOK_UP = _row(
    "s3_storage", "look_up", None, _OF_STORAGE, "What was asked for is not done; the learner is told.", kind="method"
)

REMOVAL = _row(
    "rag_ingestion",
    "remove_files",
    None,
    "s3_key index",
    "The document is gone for the learner; its files are removed when the storage works again.",
    level="warning",
)

SEARCH = _row("retrieval", "search", None, "index", "Search is by words alone; the learner is told.", level="warning")

QUESTION_BATCH = _row(
    "rag_query", "generate_question_batch", None, _OF_QUERY, "No more questions come; the session can be resumed."
)
QUESTION = _row("rag_query", "generate_question", None, _OF_QUERY, "The session goes on without this question.")
QUERY = _row(
    "rag_query", "query_rag", None, _OF_QUERY, "The learner is told that there was no answer; asking again may help."
)

GRADE_ANSWER = _row(
    "tutoring", "grade_answer", None, "session_id user_id", "The answer is kept as pending and graded later."
)

SESSION_INSIGHTS = _row(
    "insight_generator",
    "generate_session_insights",
    None,
    "session_id qa_pairs_count",
    "The insights are not shown; the answers are kept.",
    kind="method",
)
INSIGHT_RECORD = _row(
    "insight_generator",
    "generate_session_insights",
    "record_creation",
    "session_id qa_pairs_count",
    "The insights are not shown; they are made anew when they are asked for again.",
    kind="method",
)
INSIGHTS_SESSION_NOT_FOUND = _row(
    "insight_generator",
    "generate_insights_for_session",
    "session_not_found",
    "session_id",
    "The learner is told that there is no such session.",
    level="warning",
)
INSIGHTS_FOR_SESSION = _row(
    "insight_generator",
    "generate_insights_for_session",
    None,
    "session_id qa_pairs_count",
    "The insights are not shown; the answers are kept.",
)

TENANT_TAG_CONFIGURATION = _row(
    "auth",
    "get_tenant_tag",
    "configuration",
    "user_id",
    "Nothing can be uploaded or searched until HMAC_SECRET is set.",
    level="fatal",
)
TENANT_TAG = _row("auth", "get_tenant_tag", None, "user_id", "What was asked for is not done; the learner is told.")

EMBEDDER_EMBED = _row("embedder", "embed", None, "text_count", "Answers are graded, and replies found, by words alone.")

_TOLD = "A page or a problem says that something failed, with the id of the event; nothing that was sent is lost."

GOOGLE_TOKEN = _row(
    "auth",
    "GoogleAuthView",
    "token_verification",
    "error_type",
    "The learner is not signed in, and is told to try again.",
    kind="view",
    level="warning",
)
GOOGLE_AUTH_VIEW = _row("auth", "GoogleAuthView", None, "error_type", _TOLD, kind="view")
INGEST_VIEW = _row("document_ingestion", "IngestView", None, "user_id filename document_id", _TOLD, kind="view")
CHAT_VIEW = _row("chat", "ChatBotView", None, "user_id session_id", _TOLD, kind="view")
SESSION_START_VIEW = _row("tutoring", "TutoringSessionStartView", None, "user_id document_id", _TOLD, kind="view")
SESSION_ANSWER_VIEW = _row("tutoring", "TutoringSessionAnswerView", None, "user_id session_id", _TOLD, kind="view")
INSIGHTS_VIEW = _row("insights", "SessionInsightsView", None, "user_id session_id", _TOLD, kind="view")
API_VIEW = _row("api", "view", None, "user_id view", _TOLD, kind="view")
PAGE_VIEW = _row("web", "page", None, "user_id view document_id session_id", _TOLD, kind="view")
WORKER_CRASH = _row(
    "worker", "run", "crash", "error_type", "Uploads wait until the worker is started again.", level="fatal"
)

CLI_CRASH = _row("cli", "main", "crash", "command", "One line says what failed; the exit code is 1.", level="fatal")
DATABASE = _row(
    "cli", "main", "database", "error_type", "One line says that the database can't be used.", level="fatal"
)
CLI_STARTUP = _row("cli", "main", "startup", "error_type", "One line names the setting to mend.", level="fatal")


def catalogue_table() -> str:
    """Return the catalogue as a Markdown table, in the order of its rows."""
    lines = ["| component | operation | stage | level | fields | the learner sees |", "|---|---|---|---|---|---|"]
    for row in CATALOGUE.values():
        fields = ", ".join(f"`{name}`" for name in sorted(row.fields))
        stage = f"`{row.stage}`" if row.stage else ""
        operation = f"{row.operation_kind} `{row.operation}`"
        lines.append(f"| `{row.component}` | {operation} | {stage} | {row.level} | {fields} | {row.user_sees} |")
    return "\n".join(lines)
