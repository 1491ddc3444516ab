"""The application that a web server runs; `hellotutor serve` runs it under uvicorn."""

from __future__ import annotations

from typing import cast

from django.core.asgi import get_asgi_application

from .bodies import Application, limit_bodies
from .settings import get_settings
from .startup import start

_FORM_BYTES = 1_000_000  # what a form sends beside its file
_BODY_BYTES = 2_000_000  # of everything but uploads; Django itself takes 1 MiB, and says so more politely

start()
application = limit_bodies(
    cast(Application, get_asgi_application()),
    most_bytes=_BODY_BYTES,
    most_upload_bytes=get_settings().max_file_mb * 1_000_000 + _FORM_BYTES,
)
