"""The web server's process, which `hellotutor serve` starts."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Annotated

import typer
import uvicorn
from django.urls import get_resolver

from hellotutor.config import composition
from hellotutor.config.stopping import stopping
from hellotutor.config.vectors import usual_embedder
from hellotutor.core.errors import HelloTutorError
from hellotutor.monitoring import flush
from hellotutor.tutoring.tutors.base import Excerpt

from .children import SUPERVISED, watch_parent

_GRACE_S = 3
_WARM_S, _FLUSH_TIMEOUT_S = 1.0, 2.0
_POLL_S = 0.05
_SENTENCE = "Photosynthesis is the process by which plants turn light into energy."
_EXCERPT = Excerpt(0, 0, "", 0, _SENTENCE, ((0, len(_SENTENCE)),), (), None, 0.0, (True,))


def web_server(
    host: Annotated[str, typer.Option()],
    port: Annotated[int, typer.Option()],
    is_supervised: Annotated[bool, typer.Option(SUPERVISED)] = False,
) -> None:
    """Answer requests until told to stop; those that run are given a moment to end."""
    get_resolver().url_patterns  # noqa: B018 - imports every view now: what is wrong there ends the start, not a visit
    server = uvicorn.Server(
        uvicorn.Config(
            "hellotutor.config.asgi:application",
            host=host,
            port=port,
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
        )
    )

    def stop() -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # an answer cut short by the end is no failure
        stopping.set()
        server.should_exit = True

    if is_supervised:
        watch_parent(stop)
    warming = threading.Thread(target=_warm_up, args=(server,), name="warm-up", daemon=True)
    warming.start()
    server.run()
    warming.join(_WARM_S)
    if warming.is_alive():  # in a model's own code, which an interpreter that shuts down beside it would abort
        flush(_FLUSH_TIMEOUT_S)
        os._exit(0)


def _warm_up(server: uvicorn.Server) -> None:
    """Use the models once requests are answered, so that the first question doesn't wait for them to load."""
    while not server.started:
        time.sleep(_POLL_S)
        if server.should_exit:
            return
    try:
        for _ in composition.tutor().write_questions([_EXCERPT], count=1):
            pass
        embedder = usual_embedder()  # which one is in force the first search asks the database
        if embedder:
            embedder.embed([_SENTENCE])
    except HelloTutorError:  # told again, where the model is needed
        return
