"""Answers one request that fails, under ASGI, with secrets wherever a request has room for them."""

import asyncio
import json
import os
from typing import Any

import django
import sentry_sdk
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from hellotutor.monitoring import MonitoringConfig, flush, start_monitoring

SECRETS = json.loads(os.environ["CANARIES"])


def fail(request: HttpRequest, name: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT '{SECRETS['sql']}' AS x, %s", [SECRETS["sql_parameter"]])
    question = request.body.decode()
    raise RuntimeError(f"{name} asked {question}")


urlpatterns = [path("documents/<str:name>/", fail)]
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=SECRETS["django_secret_key"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING_CONFIG=None,
)
django.setup()
if os.environ["MODE"] == "ours":
    start_monitoring(MonitoringConfig(dsn=os.environ["DSN"], traces_sample_rate=1.0))
else:
    sentry_sdk.init(os.environ["DSN"], traces_sample_rate=1.0, data_collection={})

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": f"/documents/{SECRETS['path']}/",
    "query_string": f"q={SECRETS['query']}".encode(),
    "server": ("127.0.0.1", 80),
    "client": (SECRETS["client_ip"], 4242),
    "headers": [
        (b"host", b"localhost"),
        (b"content-type", b"application/json"),
        (b"x-forwarded-for", SECRETS["forwarded_ip"].encode()),
        (b"x-client", SECRETS["header"].encode()),
        (b"referer", f"http://localhost/?q={SECRETS['referer']}".encode()),
        (b"cookie", f"theme={SECRETS['cookie']}".encode()),
        (b"baggage", f"sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-x={SECRETS['baggage']}".encode()),
        (b"sentry-trace", b"771a43a4192642f0b136d5159a501700-1234567890abcdef-1"),
    ],
}


async def answer() -> None:
    body = json.dumps({"answer": SECRETS["body"]}).encode()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    await get_asgi_application()(SCOPE, receive, send)


asyncio.run(answer())
flush(10.0)
sentry_sdk.flush(10.0)
