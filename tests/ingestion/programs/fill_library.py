"""Adds files as uploads do, as a program of its own; each folder in the folder given is a learner."""

from __future__ import annotations

import sys
from pathlib import Path

from hellotutor.config.startup import migrate, start

start()
migrate()

from hellotutor.accounts.models import User  # noqa: E402 - models may be imported only now
from hellotutor.config import composition  # noqa: E402
from hellotutor.ingestion.services import add_document  # noqa: E402
from hellotutor.ingestion.tasks import request_ingestion  # noqa: E402


def main(folder: Path) -> None:
    """Add every file, the learners' first ones first."""
    parts = composition.ingestion_parts()
    queues = [(_learner(learner.name), sorted(learner.iterdir())) for learner in sorted(folder.iterdir())]
    for place in range(max(len(paths) for _, paths in queues)):
        for owner, paths in queues:
            for path in paths[place : place + 1]:
                added = add_document(
                    owner=owner,
                    path=path,
                    filename=path.name,
                    storage=parts.storage,
                    readers=parts.readers,
                    max_bytes=10**8,
                )
                request_ingestion(added.version)


def _learner(name: str) -> User:
    email = f"{name}@example.org"
    return User.objects.filter(email=email).first() or User.objects.create_user(email)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
