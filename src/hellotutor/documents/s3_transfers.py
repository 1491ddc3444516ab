"""Bytes on their way to and from S3: in parts, in constant memory, and compared with what they were."""

from __future__ import annotations

import contextlib
import hashlib
from typing import IO, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from django.core.files.base import File
from storages.utils import ReadBytesWrapper

_CONNECT_S, _READ_S, _CHECK_S = 5, 30, 5
_ATTEMPTS = 3  # of each request, the first included; botocore waits up to 20 s between two
_PART_BYTES = 8 << 20
_MOST_PARTS_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20
_SHA256 = "sha256"  # the object's own metadata, since the checksum S3 keeps of a multipart object is of its parts
_CUT = (ReadTimeoutError, ResponseStreamingError, IncompleteReadError, ConnectionClosedError)


class Altered(Boto3Error):  # type: ignore[misc]  # the SDK comes without types
    """What came back isn't what was stored."""


class AlteredOnTheWay(Boto3Error):  # type: ignore[misc]
    """What S3 holds after an upload isn't what was sent."""


def client_config(*, is_path_style: bool, is_for_checks: bool = False) -> Config:
    """Return how requests are made: their limits in time, their retries, and where the bucket's name stands.

    Args:
        is_path_style: whether the bucket's name is part of the path instead of the host's name.
        is_for_checks: whether somebody waits to be told that S3 is down, instead of for what S3 holds.
    """
    return Config(
        connect_timeout=_CHECK_S if is_for_checks else _CONNECT_S,
        read_timeout=_CHECK_S if is_for_checks else _READ_S,
        retries={"mode": "standard", "total_max_attempts": 1 if is_for_checks else _ATTEMPTS},
        signature_version="s3v4",
        s3={"addressing_style": "path" if is_path_style else "auto"},
    )


def transfer_config() -> TransferConfig:
    """Return how a file is cut: four parts of 8 MB are in memory at a time."""
    config = TransferConfig(
        multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=_MOST_PARTS_AT_ONCE
    )
    config.max_in_memory_upload_chunks = _MOST_PARTS_AT_ONCE
    return config


def send(client: Any, bucket: str, key: str, content: File[Any], config: TransferConfig, **arguments: Any) -> int:
    """Upload a file from its start, with its SHA-256, and return its size in bytes; S3 verifies a CRC32 of each part.

    Args:
        client: of the SDK.
        bucket: where to.
        key: the object's whole name.
        content: read twice.
        config: how it is cut.
        arguments: more of what S3 takes, such as the encryption.
    """
    sha256, size_bytes = _measure(content)
    content.seek(0)
    body = ReadBytesWrapper(content)
    body.close = lambda: None  # s3transfer closes what it was given, and the caller may still need it
    wanted = {"ContentType": "application/octet-stream", "Metadata": {_SHA256: sha256}, "ChecksumAlgorithm": "CRC32"}
    client.upload_fileobj(body, bucket, key, ExtraArgs={**wanted, **arguments}, Config=config)
    return size_bytes


def receive(client: Any, bucket: str, key: str, out: IO[bytes]) -> None:
    """Write an object to `out` and hold it to its SHA-256; a stream that is cut goes on from there, twice at most.

    Raises:
        Altered: it isn't what was stored.
    """
    digest, position, wanted = hashlib.sha256(), 0, dict[str, str]()
    first = answer = client.get_object(Bucket=bucket, Key=key)
    for left in reversed(range(_ATTEMPTS)):
        try:
            for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                out.write(chunk)
                digest.update(chunk)
                position += len(chunk)
            break
        except _CUT:
            if not left or position >= first["ContentLength"]:
                raise
        wanted = {"Range": f"bytes={position}-", "IfMatch": first["ETag"]}
        answer = client.get_object(Bucket=bucket, Key=key, **wanted)
    if position != first["ContentLength"] or first["Metadata"].get(_SHA256, digest.hexdigest()) != digest.hexdigest():
        raise Altered


def abort_uploads(client: Any, bucket: str, key: str) -> None:
    """Remove the parts of one object that were uploaded and never became it, where S3 lets us.

    Listing them needs `s3:ListBucketMultipartUploads`, and some servers can't: a rule of the bucket has to do it there.
    """
    with contextlib.suppress(ClientError):
        for upload in client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", ()):
            if upload["Key"] == key:
                client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])


def _measure(content: File[Any]) -> tuple[str, int]:
    """Return the SHA-256 in hexadecimal and the size in bytes of a file's whole content."""
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in content.chunks():
        data = chunk if isinstance(chunk, bytes) else chunk.encode()
        digest.update(data)
        size_bytes += len(data)
    return digest.hexdigest(), size_bytes
