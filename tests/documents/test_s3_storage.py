"""Documents in a real S3 server: what Django expects of a storage, links, and the name of every failure."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from tests.documents.conftest import MakeStorage
from tests.s3_server import S3Server, free_ports

from hellotutor.core.errors import HelloTutorError

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
OPERATIONS: dict[str, Callable[[Any, Path], object]] = {
    "save": lambda storage, folder: storage.save("a/b", ContentFile(b"x")),
    "open": lambda storage, folder: storage.open("a/b"),
    "exists": lambda storage, folder: storage.exists("a/b"),
    "size": lambda storage, folder: storage.size("a/b"),
    "get_modified_time": lambda storage, folder: storage.get_modified_time("a/b"),
    "listdir": lambda storage, folder: storage.listdir("a"),
    "delete": lambda storage, folder: storage.delete("a/b"),
    "upload_document": lambda storage, folder: storage.upload_document(ContentFile(b"x"), "a/b"),
    "download_document": lambda storage, folder: storage.download_document("a/b", folder / "copy"),
    "delete_document": lambda storage, folder: storage.delete_document("a/b"),
    "check": lambda storage, folder: storage.check(),
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)


def refusal(storage: Any, name: str, folder: Path) -> HelloTutorError:
    with pytest.raises(HelloTutorError) as refused:
        OPERATIONS[name](storage, folder)
    return refused.value


def fetch(link: str) -> tuple[int, bytes, Message]:
    try:
        with OPENER.open(link, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_what_is_stored_is_read_back_listed_measured_and_deleted(storage: Any) -> None:
    assert storage.save("a/b", ContentFile(b"whole")) == "a/b"
    with storage.open("a/b") as file:
        assert file.read() == b"whole"
    assert storage.exists("a/b")
    assert storage.size("a/b") == 5
    assert abs(storage.get_modified_time("a/b").timestamp() - time.time()) < 3600
    assert storage.listdir("a") == ([], ["b"])
    assert storage.listdir("") == (["a"], [])
    storage.delete("a/b")
    assert not storage.exists("a/b")


def test_the_same_name_again_replaces_the_object(storage: Any) -> None:
    storage.save("a/b", ContentFile(b"old"))
    assert storage.save("a/b", ContentFile(b"new")) == "a/b"
    with storage.open("a/b") as file:
        assert file.read() == b"new"


def test_what_is_not_there_is_told_as_django_has_it(storage: Any) -> None:
    for look in (storage.open, storage.size, storage.get_modified_time):
        with pytest.raises(FileNotFoundError):
            look("never")
    assert not storage.exists("never")
    assert storage.listdir("never") == ([], [])
    storage.delete("never")


def test_what_is_not_there_can_not_be_downloaded(storage: Any, tmp_path: Path) -> None:
    refused = refusal(storage, "download_document", tmp_path)
    assert (refused.code, refused.retryable) == ("object_vanished", False)
    assert "upload it again" in refused.message


def test_an_empty_object_and_one_of_several_parts_come_back_as_they_were(storage: Any, tmp_path: Path) -> None:
    many = bytes(range(256)) * (20 << 12)  # 20 MB: three parts
    for content in (b"", many):
        storage.save("a/b", ContentFile(content))
        storage.download_document("a/b", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == content


def test_with_an_object_goes_what_of_it_was_never_uploaded_to_the_end(storage: Any, s3_server: S3Server) -> None:
    client, bucket = s3_server.client(), s3_server.bucket
    keys = [f"{storage.location}/{name}" for name in ("a/b", "a/b-of-another")]
    for key in keys:
        begun = client.create_multipart_upload(Bucket=bucket, Key=key)
        client.upload_part(Bucket=bucket, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"x")
    storage.delete("a/b")
    left = client.list_multipart_uploads(Bucket=bucket, Prefix=storage.location).get("Uploads", [])
    assert [upload["Key"] for upload in left] == keys[1:]
    storage.delete("a/b-of-another")


def test_a_file_that_was_uploaded_can_still_be_used(storage: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as opened:
        storage.upload_document(File(opened), "a/b", user_id="somebody", filename="x.pdf")
        opened.seek(0)
        assert opened.read() == b"content"


def test_no_object_is_public_and_none_has_a_type_that_a_browser_shows(storage: Any, s3_server: S3Server) -> None:
    storage.save("page", ContentFile(b"<script>"))
    key = f"{storage.location}/page"
    assert s3_server.client().head_object(Bucket=s3_server.bucket, Key=key)["ContentType"] == "application/octet-stream"
    status, _, _ = fetch(f"{s3_server.url}/{s3_server.bucket}/{key}")
    assert status == 403


@pytest.mark.parametrize("name", ["save", "listdir", "check", "download_document"])
def test_wrong_keys_are_named(
    name: str, make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key, secret in (("AKIDOFNOBODY", "wrong"), ("AKIDOFTHETESTSALONE0", "wrong")):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        refused = refusal(make_storage(), name, tmp_path)
        assert (refused.code, refused.retryable) == ("s3_access_denied", False)
        assert key not in refused.message


@every_operation
def test_wrong_keys_are_named_whatever_is_done(
    name: str, make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert refusal(make_storage(), name, tmp_path).code == "s3_access_denied"


@every_operation
def test_a_missing_bucket_is_named_whatever_is_done(name: str, make_storage: MakeStorage, tmp_path: Path) -> None:
    refused = refusal(make_storage(bucket_name="tests-nobody-made-it"), name, tmp_path)
    assert (refused.code, refused.retryable) == ("s3_bucket_missing", False)
    assert "S3_BUCKET" in refused.message


@pytest.mark.parametrize("missing", [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY",)])
@every_operation
def test_missing_credentials_are_named_whatever_is_done(
    name: str, missing: tuple[str, ...], make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in missing:
        monkeypatch.delenv(variable)
    refused = refusal(make_storage(), name, tmp_path)
    assert (refused.code, refused.retryable) == ("s3_credentials_missing", False)
    assert "AWS_ACCESS_KEY_ID" in refused.message


def test_a_profile_that_is_not_there_is_named(
    make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert refusal(make_storage(), "save", tmp_path).code == "s3_credentials_missing"


def test_credentials_that_come_later_are_found(
    make_storage: MakeStorage, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    storage = make_storage()
    assert refusal(storage, "save", tmp_path).code == "s3_credentials_missing"
    for variable, value in s3_server.environment.items():
        monkeypatch.setenv(variable, value)
    assert storage.save("a/b", ContentFile(b"x")) == "a/b"


@pytest.mark.parametrize("name", ["save", "check"])  # the others fail in the same place, and each takes its retries
def test_a_server_that_is_down_is_named_and_worth_a_retry(name: str, make_storage: MakeStorage, tmp_path: Path) -> None:
    storage = make_storage(endpoint_url=f"http://127.0.0.1:{free_ports(1)[0]}")
    refused = refusal(storage, name, tmp_path)
    assert (refused.code, refused.retryable) == ("s3_unreachable", True)


def test_an_object_that_was_altered_is_not_taken_for_the_old(storage: Any, s3_server: S3Server, tmp_path: Path) -> None:
    storage.save("a/b", ContentFile(b"what the learner uploaded"))
    key = f"{storage.location}/a/b"
    client = s3_server.client()
    metadata = client.head_object(Bucket=s3_server.bucket, Key=key)["Metadata"]
    client.put_object(Bucket=s3_server.bucket, Key=key, Body=b"What the learner uploaded", Metadata=metadata)
    for name in ("open", "download_document"):
        refused = refusal(storage, name, tmp_path)
        assert (refused.code, refused.retryable) == ("object_altered", False)


def test_a_link_gives_the_file_under_its_own_name_to_be_saved(storage: Any) -> None:
    storage.save("a/b", ContentFile(b"whole"))
    for name in (
        "notes.pdf",
        "Ünïcode 日本 “x”.pdf",
        'quote".pdf',
        "line\r\nSet-Cookie: a=b.pdf",
        "a;b/c\\d.pdf",
        "%0d%0a",
    ):
        status, content, headers = fetch(storage.link_to("a/b", filename=name))
        assert (status, content) == (200, b"whole")
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers.get_content_disposition() == "attachment"
        assert (headers.get_filename() or "").replace("\\", "") == name.replace("\\", "")
        assert headers["Set-Cookie"] is None


def test_a_link_that_was_changed_or_is_too_old_is_refused(storage: Any) -> None:
    storage.save("a/b", ContentFile(b"whole"))
    storage.save("a/c", ContentFile(b"of somebody else"))
    link = storage.link_to("a/b", filename="x.pdf")
    assert "X-Amz-Expires=300" in link
    assert fetch(link.replace("/a/b?", "/a/c?"))[0] == 403
    assert fetch(link.replace("X-Amz-Expires=300", "X-Amz-Expires=301"))[0] == 403
    assert fetch(link.replace("x.pdf", "y.pdf"))[0] == 403
    short = storage.link_to("a/b", filename="x.pdf", expires_s=1)
    time.sleep(2.5)
    status, content, _ = fetch(short)
    assert status == 403
    assert b"whole" not in content


def test_where_browsers_can_not_reach_the_bucket_there_are_no_links(make_storage: MakeStorage) -> None:
    assert make_storage(gives_links=False).link_to("a/b", filename="x.pdf") is None


def test_it_keeps_to_its_folder_of_the_bucket(make_storage: MakeStorage, s3_server: S3Server) -> None:
    one, other = make_storage(location="tests/one"), make_storage(location="tests/other")
    one.save("a/b", ContentFile(b"one"))
    assert not other.exists("a/b")
    assert other.listdir("") == ([], [])
    assert s3_server.client().head_object(Bucket=s3_server.bucket, Key="tests/one/a/b")["ContentLength"] == 3


def test_where_encryption_is_asked_for_small_and_large_objects_are_encrypted(
    make_storage: MakeStorage, s3_server: S3Server
) -> None:
    storage = make_storage(server_side_encryption="AES256")
    storage.check()
    for name, content in (("small", b"x"), ("large", b"x" * (20 << 20))):
        storage.save(name, ContentFile(content))
        told = s3_server.client().head_object(Bucket=s3_server.bucket, Key=f"{storage.location}/{name}")
        assert told["ServerSideEncryption"] == "AES256"
        with storage.open(name) as file:
            assert file.read() == content


def test_a_server_that_can_not_encrypt_as_asked_stores_nothing(make_storage: MakeStorage) -> None:
    storage = make_storage(server_side_encryption="aws:kms", kms_key_id="of nobody")
    with pytest.raises(HelloTutorError) as refused:
        storage.save("a/b", ContentFile(b"x"))
    assert refused.value.code == "s3_failed"
    assert not storage.exists("a/b")


def test_a_server_that_hangs_fails_a_check_within_seconds(storage: Any, s3_server: S3Server) -> None:
    with s3_server.frozen(), pytest.raises(HelloTutorError) as refused:
        storage.check()
    assert refused.value.code == "s3_unreachable"
    storage.check()


def test_a_check_leaves_nothing_behind(storage: Any) -> None:
    storage.check()
    assert storage.listdir("probes") == ([], [])


def test_what_it_says_of_itself_holds_no_secret(storage: Any, s3_server: S3Server) -> None:
    assert s3_server.bucket in storage.describe()
    assert not [value for value in s3_server.environment.values() if len(value) > 12 and value in storage.describe()]
    assert not [value for value in vars(storage).values() if value in s3_server.environment.values()]
