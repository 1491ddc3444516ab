"""Does what "try again" does, as a program of its own, to whatever has failed; prints how many documents those were."""

from __future__ import annotations

import sys

from hellotutor.config.startup import start

start()

from hellotutor.documents.models import DocumentVersion  # noqa: E402 - models may be imported only now
from hellotutor.ingestion.retries import retry_ingestion  # noqa: E402

failed = list(DocumentVersion.objects.exclude(error_code=""))
for version in failed:
    retry_ingestion(version)
sys.stdout.write(f"{len(failed)}\n")
