"""The API with a tutor that thinks for two seconds, over one document, as a program of its own; it prints a token.

Argument: the port.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib import resources

from hellotutor.config.startup import migrate, start

start()
migrate()

import uvicorn  # noqa: E402 - models may be imported only now

from hellotutor.accounts.models import User  # noqa: E402
from hellotutor.accounts.tokens import create_token  # noqa: E402
from hellotutor.config import composition  # noqa: E402
from hellotutor.ingestion.claim import claim_version  # noqa: E402
from hellotutor.ingestion.rag_ingestion import read_document  # noqa: E402
from hellotutor.ingestion.services import add_document  # noqa: E402
from hellotutor.tutoring.tutors.base import Excerpt, Reply  # noqa: E402
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor  # noqa: E402

THINKS_S = 2.0


class SlowTutor(OfflineTutor):
    """Takes its time."""

    def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
        time.sleep(THINKS_S)
        return super().reply(message, excerpts)


composition.tutor = lambda **_: SlowTutor(None)  # type: ignore[assignment]
user = User.objects.create_user("anna@example.org")
parts = composition.ingestion_parts()
with resources.as_file(resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")) as path:
    added = add_document(
        owner=user,
        path=path,
        filename="memory.md",
        storage=parts.storage,
        readers=parts.readers,
        max_bytes=10**6,
    )
with claim_version(added.version) as claim:
    assert claim
    for _ in read_document(added.version, parts, claim):
        pass
print(create_token(owner=user, name="tests")[1], flush=True)  # noqa: T201 - the test reads it
uvicorn.run("hellotutor.config.asgi:application", port=int(sys.argv[1]), log_config=None, lifespan="off")
