"""Documents and indexes in S3 or on a server that speaks its protocol: the storage where S3_BUCKET is set."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.core.files.base import File
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from hellotutor.core.errors import HelloTutorError
from hellotutor.monitoring import Repeats, capture, catalogue
from hellotutor.monitoring.catalogue import Failure

from .local_storage import naming_os_errors
from .s3_errors import is_missing, make_error, translate
from .s3_transfers import Altered, AlteredOnTheWay, abort_uploads, client_config, receive, send, transfer_config

LINK_S = 300
_IN_MEMORY_BYTES = 8 << 20
_PROBE = b"probe"
_OF_ONE_OBJECT = frozenset({"object_altered", "object_vanished"})  # the next is another one's
_repeats = Repeats("s3.event_withheld")


class S3DocumentStorage(S3Storage):  # type: ignore[misc]  # it comes without types
    """Objects of one bucket, checked on both ways.

    S3 verifies a CRC32 of every part that it is sent and refuses it otherwise; the size of the whole is compared after
    the upload, because some servers keep the framing of such checksums as content. What comes back is held to the
    SHA-256 that was stored with it. Credentials come from the AWS SDK's own chain and nowhere else.

    All methods raise Unavailable with the codes of `s3_errors`, after the failure was captured.
    """

    def __init__(self, **options: Any) -> None:
        """Take the options of django-storages, and ours; the client is made when first needed.

        Args:
            options: `bucket_name`, `location`, `endpoint_url`, `region_name`; `server_side_encryption` ("", "AES256"
                or "aws:kms"), `kms_key_id`, and `gives_links`: whether browsers are sent to S3 for downloads.
        """
        config = client_config(is_path_style=bool(options.get("endpoint_url")))
        super().__init__(**{"client_config": config, "transfer_config": transfer_config(), **options})
        self._resource: Any = None
        self._checker: Any = None
        self._making = threading.Lock()

    def get_default_settings(self) -> dict[str, Any]:
        """Return the options' defaults; keys of ours there are none."""
        nothing = dict.fromkeys(("access_key", "secret_key", "security_token", "session_profile"))
        ours = {"gives_links": True, "server_side_encryption": "", "kms_key_id": "", "querystring_expire": LINK_S}
        return {**super().get_default_settings(), **nothing, **ours}

    def describe(self) -> str:
        """Return what this storage is, in words for whoever runs the service."""
        where = self.endpoint_url or "AWS"
        return f"S3 bucket {self.bucket_name} at {where}" + (f", under {self.location}/" if self.location else "")

    @property
    def connection(self) -> Any:
        """The SDK's resource, one a process: its client may be used by many threads."""
        with self._making:
            if self._resource is None:
                self._resource = self._initialize_client()
            return self._resource

    def _initialize_client(self) -> Any:
        """Return a new resource.

        Raises:
            Unavailable: `s3_credentials_missing`, `s3_failed`.
        """
        with _telling(catalogue.S3_INITIALIZE_CLIENT):
            return self._make_resource(self.client_config)

    def _make_resource(self, config: Any) -> Any:
        session = boto3.Session()
        if session.get_credentials() is None:
            raise NoCredentialsError
        # The SDK itself doesn't look at AWS_REGION; servers other than AWS take any region.
        region = self.region_name or session.region_name or "us-east-1"
        return session.resource("s3", region_name=region, endpoint_url=self.endpoint_url, config=config)

    def upload_document(
        self, file: File[Any], s3_key: str, *, user_id: str | None = None, filename: str | None = None
    ) -> str:
        """Store a file, in the place of any object of that name, and return its name.

        Args:
            file: its bytes; it is read twice, from the start.
            s3_key: the object's name.
            user_id: the owner's public id, to tell of a failure.
            filename: what the owner calls it, to tell of a failure.
        """
        with _telling(catalogue.S3_UPLOAD_DOCUMENT, s3_key=s3_key, user_id=user_id, filename=filename):
            self._put(self.connection.meta.client, self._key(s3_key), file)
        return str(clean_name(s3_key))

    def download_document(self, s3_key: str, path: Path) -> None:
        """Write an object to a file of this machine.

        Raises:
            Unavailable: it isn't there (`object_vanished`), isn't what was stored (`object_altered`), the disk is full
                (`storage_full`), or S3 failed.
        """
        with naming_os_errors(), _telling(catalogue.S3_DOWNLOAD_DOCUMENT, s3_key=s3_key), path.open("wb") as out:
            receive(self.connection.meta.client, self.bucket_name, self._key(s3_key), out)

    def delete_document(self, s3_key: str) -> None:
        """Delete an object, and what of it was uploaded by programs that died; one that isn't there is harmless."""
        with _telling(catalogue.S3_DELETE_DOCUMENT, s3_key=s3_key):
            client, key = self.connection.meta.client, self._key(s3_key)
            client.delete_object(Bucket=self.bucket_name, Key=key)
            abort_uploads(client, self.bucket_name, key)

    def link_to(self, s3_key: str, *, filename: str, expires_s: int = LINK_S) -> str | None:
        """Return an address from which a browser saves the object under a name; None where S3 is not for browsers.

        Args:
            s3_key: the object's name.
            filename: what the browser calls it.
            expires_s: how long the address is good.
        """
        if not self.gives_links:
            return None
        parameters = {
            "ResponseContentDisposition": content_disposition_header(True, filename) or "attachment",
            "ResponseContentType": "application/octet-stream",
        }
        return self.url(s3_key, parameters=parameters, expire=expires_s)

    def check(self) -> None:
        """Write, read and delete a probe, or say within seconds that this fails, which isn't captured.

        Raises:
            Unavailable: as all methods.
        """
        key = self._key(f"probes/{uuid.uuid4().hex}")
        with _telling():
            if self._checker is None:
                config = client_config(is_path_style=bool(self.endpoint_url), is_for_checks=True)
                self._checker = self._make_resource(config)
            client = self._checker.meta.client
            where = {"Bucket": self.bucket_name, "Key": key}
            client.put_object(**where, Body=_PROBE, **self._encryption())
            is_same = client.get_object(**where)["Body"].read() == _PROBE
            client.delete_object(**where)
        if not is_same:
            raise make_error("object_altered")

    # Django's own names for these

    def _save(self, name: str, content: File[Any]) -> str:
        return self.upload_document(content, name)

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """Return the whole object, in a temporary file where it is large.

        Raises:
            FileNotFoundError: there is none, which isn't captured.
        """
        if mode != "rb":
            raise ValueError("an object is opened to read its bytes, and written by save()")
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
        try:
            with naming_os_errors(), _telling(catalogue.S3_DOWNLOAD_DOCUMENT, s3_key=name), _missing_as_django():
                receive(self.connection.meta.client, self.bucket_name, self._key(name), file)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return File(file, name)

    def delete(self, name: str) -> None:
        """Do as `delete_document` says."""
        self.delete_document(name)

    def exists(self, name: str) -> bool:
        """Say whether there is such an object."""
        with _telling(catalogue.S3_LOOK_UP, s3_key=name):
            return self._head(self._key(name)) is not None

    def size(self, name: str) -> int:
        """Return an object's size in bytes; raises FileNotFoundError where there is none."""
        return int(self._stat(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        """Return when an object was stored; raises FileNotFoundError where there is none."""
        stored_at: datetime = self._stat(name)["LastModified"]
        return stored_at

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """Return the names of the folders and of the objects in a folder; none where there is no such folder."""
        with _telling(catalogue.S3_LOOK_UP, s3_key=name):
            folders, files = super().listdir(name)
            return folders, files

    def url(self, name: str, parameters: Any = None, expire: int | None = None, http_method: str | None = None) -> str:
        """Return a signed address, good for five minutes unless `expire` gives other seconds."""
        with _telling(catalogue.S3_LOOK_UP, s3_key=name):
            return str(super().url(name, parameters, expire, http_method))

    def _key(self, name: str) -> str:
        return str(self._normalize_name(clean_name(name)))

    def _encryption(self) -> dict[str, str]:
        wanted = {"ServerSideEncryption": self.server_side_encryption, "SSEKMSKeyId": self.kms_key_id}
        return {name: value for name, value in wanted.items() if value}

    def _put(self, client: Any, key: str, content: File[Any]) -> None:
        size_bytes = send(client, self.bucket_name, key, content, self.transfer_config, **self._encryption())
        stored = self._head(key)
        if stored is None or stored["ContentLength"] != size_bytes:
            client.delete_object(Bucket=self.bucket_name, Key=key)
            raise AlteredOnTheWay

    def _head(self, key: str) -> dict[str, Any] | None:
        """Return what S3 says of an object, or None where there is none; a missing bucket is no missing object."""
        client = self.connection.meta.client
        try:
            found: dict[str, Any] = client.head_object(Bucket=self.bucket_name, Key=key)
        except ClientError as error:
            if not is_missing(error):
                raise
            client.list_objects_v2(Bucket=self.bucket_name, MaxKeys=1)  # its answer says when the bucket is missing
            return None
        return found

    def _stat(self, name: str) -> dict[str, Any]:
        with _telling(catalogue.S3_LOOK_UP, s3_key=name):
            found = self._head(self._key(name))
        if found is None:
            raise FileNotFoundError(name)
        return found


@contextlib.contextmanager
def _telling(failure: Failure | None = None, **fields: str | None) -> Iterator[None]:
    """Capture what the SDK raises under its row, if there is one, and raise what the caller can act on instead."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        named = _name(error)
        if failure is not None:
            told = {"error_type": type(error).__name__, **fields}
            if named.code in _OF_ONE_OBJECT:
                capture(failure, error, **told)
            else:
                _repeats.tell(failure, error, named.code, **told)
        raise named from error


def _name(error: Exception) -> HelloTutorError:
    if isinstance(error, (Altered, AlteredOnTheWay)):
        return make_error("object_altered" if isinstance(error, Altered) else "s3_altered_on_the_way")
    return translate(error)


@contextlib.contextmanager
def _missing_as_django() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if is_missing(error):
            raise FileNotFoundError("there is no such object") from error
        raise
