"""Uploads a file, downloads it again, and prints how many megabytes of memory that took at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.files.base import ContentFile, File

settings.configure()
django.setup()

from hellotutor.documents.s3_storage import S3DocumentStorage  # noqa: E402 - Django comes first


def main() -> None:
    source, copy, bucket, url = sys.argv[1:]
    storage = S3DocumentStorage(bucket_name=bucket, endpoint_url=url, location="memory")
    storage.save("warm", ContentFile(b"up"))
    with storage.open("warm") as file:
        file.read()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Path(source).open("rb") as file:
        storage.save("large", File(file))
    storage.download_document("large", Path(copy))
    storage.delete("large")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(grown // (1 << 20 if sys.platform == "darwin" else 1 << 10))  # noqa: T201 - what it is for


main()
