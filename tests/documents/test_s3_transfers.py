"""Transfers that are cut, that find nobody at the other end, or that are large."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from tests.documents.conftest import MakeStorage
from tests.s3_server import S3Server, Wire, run_s3

from hellotutor.core.errors import Unavailable

MANY = bytes(range(256)) * (24 << 12)  # 24 MB: three parts
PROGRAM = Path(__file__).parent / "programs" / "transfer.py"


def test_an_upload_that_is_cut_once_arrives_whole(make_storage: MakeStorage, wire: Wire) -> None:
    wire.cut_when(lambda sent, received: wire.cuts == 0 and sent > 3 << 20)
    storage = make_storage(endpoint_url=wire.url)
    storage.save("a/b", ContentFile(MANY))
    assert wire.cuts == 1
    wire.cut_when(lambda sent, received: False)
    with storage.open("a/b") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(MANY).digest()


def test_an_upload_that_is_always_cut_is_never_said_to_be_stored(make_storage: MakeStorage, wire: Wire) -> None:
    wire.cut_when(lambda sent, received: sent > 3 << 20)
    storage = make_storage(endpoint_url=wire.url)
    with pytest.raises(Unavailable) as refused:
        storage.save("a/b", ContentFile(MANY))
    assert (refused.value.code, refused.value.retryable) == ("s3_unreachable", True)
    wire.cut_when(lambda sent, received: False)
    assert not storage.exists("a/b")


def test_a_download_that_is_cut_goes_on_where_it_was(make_storage: MakeStorage, wire: Wire, tmp_path: Path) -> None:
    storage = make_storage(endpoint_url=wire.url)
    storage.save("a/b", ContentFile(MANY))
    wire.cut_when(lambda sent, received: wire.cuts < 2 and received > 5 << 20)
    storage.download_document("a/b", tmp_path / "copy")
    assert wire.cuts == 2
    assert (tmp_path / "copy").read_bytes() == MANY


def test_a_download_that_is_always_cut_is_told(make_storage: MakeStorage, wire: Wire, tmp_path: Path) -> None:
    storage = make_storage(endpoint_url=wire.url)
    storage.save("a/b", ContentFile(MANY))
    wire.cut_when(lambda sent, received: received > 5 << 20)
    with pytest.raises(Unavailable) as refused:
        storage.download_document("a/b", tmp_path / "copy")
    assert (refused.value.code, refused.value.retryable) == ("s3_unreachable", True)


def test_an_object_that_is_replaced_while_it_comes_is_not_mixed_with_the_new_one(
    make_storage: MakeStorage, s3_server: S3Server, wire: Wire, tmp_path: Path
) -> None:
    storage = make_storage(endpoint_url=wire.url)
    storage.save("a/b", ContentFile(MANY))

    def replace(sent: int, received: int) -> bool:
        if wire.cuts or received < 5 << 20:
            return False
        other = MANY[::-1]
        s3_server.client().put_object(Bucket=s3_server.bucket, Key=f"{storage.location}/a/b", Body=other)
        return True

    wire.cut_when(replace)
    with pytest.raises(Unavailable) as refused:
        storage.download_document("a/b", tmp_path / "copy")
    assert refused.value.retryable


def test_a_server_that_dies_during_an_upload_or_a_download_is_told(make_storage: MakeStorage, tmp_path: Path) -> None:
    for is_upload in (True, False):
        with run_s3(tmp_path / f"dying {is_upload}") as dying:
            wire = Wire(dying.url)
            storage = make_storage(endpoint_url=wire.url, bucket_name=dying.bucket)
            if not is_upload:
                storage.save("a/b", ContentFile(MANY))

            def kill(sent: int, received: int, server: S3Server = dying, is_sent: bool = is_upload) -> bool:
                if (sent if is_sent else received) > 3 << 20:
                    server.process.kill()
                return False

            wire.cut_when(kill)
            with pytest.raises(Unavailable) as refused:
                storage.save("a/c", ContentFile(MANY)) if is_upload else storage.download_document(
                    "a/b", tmp_path / "c"
                )
            assert (refused.value.code, refused.value.retryable) == ("s3_unreachable", True)
            assert dying.process.wait(20) != 0
            wire.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_200_megabytes_take_no_more_memory_than_20(s3_server: S3Server, tmp_path: Path) -> None:
    grown = {}
    for megabytes in (20, 200):
        source, copy = tmp_path / "source", tmp_path / "copy"
        with source.open("wb") as out:
            for number in range(megabytes):
                out.write(hashlib.sha256(str(number).encode()).digest() * (1 << 15))
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(source), str(copy), s3_server.bucket, s3_server.url],
            env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), **s3_server.environment},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert source.stat().st_size == copy.stat().st_size == megabytes << 20
        grown[megabytes] = int(done.stdout)
    assert grown[200] < grown[20] + 60, grown  # parts of 8 MB, four at a time, and what the allocator keeps
