"""Where uploaded files and the index lie: on the local disk, or in S3 where a bucket is named."""

from __future__ import annotations

import importlib.util
import os
import uuid
from typing import Any, Protocol, runtime_checkable

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from hellotutor.core.errors import Invalid, Unavailable

from .settings import Settings, get_settings

_PROBE = b"probe"


@runtime_checkable
class _Checked(Protocol):
    """A storage that checks itself, without capturing what fails."""

    def check(self) -> None: ...

    def describe(self) -> str: ...


def describe_storage(settings: Settings) -> dict[str, Any]:
    """Return Django's entry for `STORAGES["default"]`.

    Raises:
        Invalid: a bucket is named, and the packages for S3 aren't there (`s3_extra_missing`).
    """
    if not settings.s3_bucket:
        return {
            "BACKEND": "hellotutor.documents.local_storage.DurableFileSystemStorage",
            "OPTIONS": {"location": str(settings.data_dir / "objects")},
        }
    if not all(importlib.util.find_spec(package) for package in ("boto3", "storages")):
        message = "S3_BUCKET is set, and the packages for S3 aren't there: pip install 'hellotutor[s3]', or unset it."
        raise Invalid("s3_extra_missing", message)
    return {
        "BACKEND": "hellotutor.documents.s3_storage.S3DocumentStorage",
        "OPTIONS": {
            "bucket_name": settings.s3_bucket,
            "location": settings.s3_prefix,
            "endpoint_url": settings.s3_endpoint_url or None,
            # The SDK reads AWS_DEFAULT_REGION and the profile's region by itself, and AWS_REGION it doesn't.
            "region_name": os.environ.get("AWS_REGION") or None,
            "server_side_encryption": settings.s3_server_side_encryption,
            "kms_key_id": settings.s3_kms_key_id,
            "gives_links": settings.s3_presigned_downloads,
        },
    }


def storage_kind() -> str:
    """Return where files lie: `local` or `s3`."""
    return "s3" if get_settings().s3_bucket else "local"


def check_storage() -> str:
    """Write, read and delete a probe, and return what the storage is, in words for whoever runs the service.

    Raises:
        HelloTutorError: it doesn't work; the code and the sentence say why.
        OSError: another storage than ours doesn't work.
    """
    storage = storages["default"]
    if isinstance(storage, _Checked):
        storage.check()
        return storage.describe()
    name = storage.save(f"probes/{uuid.uuid4().hex}", ContentFile(_PROBE))
    with storage.open(name) as file:
        is_same = file.read() == _PROBE
    storage.delete(name)
    if not is_same:
        message = "What was written isn't what is read: the disk of the data folder may be damaged."
        raise Unavailable("storage_unavailable", message, retryable=False)
    return "local files"
