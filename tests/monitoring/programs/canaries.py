"""Fails with secrets in every place from which the SDK may take them, and sends what it sends.

MODE is `ours`, `open` (our options, hooks that let everything through) or `naive` (the SDK with its PII switch on).
CANARIES are the secrets by place, as JSON; the command line holds one more.
"""

import base64
import json
import logging
import os
import sqlite3
import urllib.parse

import sentry_sdk

from hellotutor.core.errors import Invalid
from hellotutor.monitoring import MonitoringConfig, capture, catalogue, flush, start_monitoring
from hellotutor.monitoring.hooks import Hooks

DSN, MODE = os.environ["DSN"], os.environ["MODE"]
SECRETS = json.loads(os.environ["CANARIES"])

SELECT, INSERT = "SELECT '%s' FROM documents_page", "INSERT INTO notes_note VALUES ('%s')"


def start() -> None:
    config = MonitoringConfig(dsn=DSN, traces_sample_rate=1.0, include_text=os.environ.get("INCLUDE_TEXT") == "yes")
    if MODE == "ours":
        start_monitoring(config)
    elif MODE == "open":
        start_monitoring(config, hooks=Hooks(lambda item, hint: dict(item), lambda item, hint: dict(item)))
    else:
        sentry_sdk.init(DSN, traces_sample_rate=1.0, data_collection={})


def leave_trails() -> None:
    logger = logging.getLogger("hellotutor.test")
    logger.setLevel(logging.INFO)
    logger.info("the learner wrote %s", SECRETS["log_argument"], extra={"answer": SECRETS["log_extra"]})
    logging.getLogger("vendor").error("refused: " + SECRETS["log_message"])
    signed = f"https://bucket.s3.example/k?X-Amz-Signature={SECRETS['presigned']}"
    sentry_sdk.add_breadcrumb(category="httplib", type="http", data={"url": signed, "http.query": signed})
    encoded = urllib.parse.quote(SECRETS["percent_encoded"], safe="")
    sentry_sdk.add_breadcrumb(category="httplib", message=f"GET https://api.example/?q={encoded}")
    sentry_sdk.add_breadcrumb(category="query", message=SELECT % SECRETS["sql_breadcrumb"])
    sentry_sdk.add_breadcrumb(category="auth", message=f"Bearer {SECRETS['bearer']}", data={"jwt": SECRETS["jwt"]})


def fill_the_scope() -> None:
    sentry_sdk.set_extra("state", {"deep": [{"er": {"x": SECRETS["nested_extra"]}}]})
    sentry_sdk.set_extra("blob", base64.b64encode(SECRETS["base64"].encode()).decode())
    sentry_sdk.set_context("learner", {"history": [{"question": SECRETS["nested_context"]}]})
    sentry_sdk.set_context("failure", {"note": SECRETS["our_context"], "filename": {"is": SECRETS["our_context_deep"]}})
    sentry_sdk.set_tag("last_query", SECRETS["tag"])
    sentry_sdk.set_tag("stage", SECRETS["known_tag"])
    sentry_sdk.set_user({"id": SECRETS["user_id"], "email": SECRETS["email"], "ip_address": SECRETS["ip"]})
    sentry_sdk.set_transaction_name(f"/documents/{SECRETS['path']}", source="url")


def trace() -> None:
    with sentry_sdk.start_transaction(name=f"/files/{SECRETS['transaction']}", op="http.server", source="url") as span:
        span.set_data("url.query", SECRETS["transaction_data"])
        with sentry_sdk.start_span(op="db", name=INSERT % SECRETS["sql_span"]):
            sqlite3.connect(":memory:").close()
        with sentry_sdk.start_span(op="http.client", name=f"GET https://h.example/?key={SECRETS['url_span']}") as call:
            call.set_data("http.query", f"key={SECRETS['span_data']}")
        with sentry_sdk.start_span(op="gen_ai.chat", name="chat tiny") as call:
            call.set_data("gen_ai.request.messages", SECRETS["prompt"])
        with sentry_sdk.start_span(op="subprocess", name=f"reader {SECRETS['command_line']}"):
            pass


def fail() -> None:
    in_a_variable = SECRETS["local_variable"]
    try:
        try:
            raise ValueError(f"Key (email)=({SECRETS['cause_text']}) already exists")
        except ValueError as cause:
            error = Invalid("bad_file", f"The file {SECRETS['our_message']} can't be read.")
            error.add_note(SECRETS["note"])
            raise error from cause
    except Invalid as middle:
        raise RuntimeError(f"refused with {SECRETS['exception_text']} {len(in_a_variable)}") from middle


def tell(error: Exception) -> None:
    fields = {
        "filename": SECRETS["filename"] + ".pdf",
        "s3_key": f"0123456789abcdef0123/{SECRETS['s3_key']}.pdf",
        "user_id": SECRETS["user_field"],
        "index": SECRETS["word_field"],
    }
    question = {"query_snippet": "x" * 90 + " " + SECRETS["at_the_cut"], "session_id": SECRETS["session_field"]}
    if MODE == "naive":
        sentry_sdk.set_context("fields", fields | question)
        sentry_sdk.capture_exception(error)
    else:
        capture(catalogue.INGEST_READING, error, **fields)
        capture(catalogue.QUERY, KeyError(SECRETS["key_error"]), **question)
    if MODE == "naive":
        sentry_sdk.capture_exception(KeyError(SECRETS["key_error"]))


start()
leave_trails()
trace()
fill_the_scope()
try:
    fail()
except RuntimeError as failure:
    tell(failure)
sentry_sdk.capture_message(SECRETS["message"])
flush(10.0)
sentry_sdk.flush(10.0)
