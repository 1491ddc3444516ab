"""Where files lie is a setting; a bad one, or packages that are missing, is one clear sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hellotutor.config.settings import Settings, get_settings
from hellotutor.config.storage import describe_storage
from hellotutor.core.errors import Invalid


def test_without_a_bucket_files_lie_in_the_data_folder(tmp_path: Path) -> None:
    described = describe_storage(Settings(data_dir=tmp_path))
    assert described["OPTIONS"] == {"location": str(tmp_path / "objects")}


def test_with_a_bucket_they_lie_in_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("storages")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    described = describe_storage(Settings(data_dir=tmp_path, s3_bucket="books", s3_prefix="/apps/tutor/"))
    assert described["BACKEND"].endswith("S3DocumentStorage")
    assert described["OPTIONS"]["location"] == "apps/tutor"
    assert described["OPTIONS"]["region_name"] == "eu-north-1"
    assert not [name for name in described["OPTIONS"] if "secret" in name or "access_key" in name]


@pytest.mark.parametrize("package", ["boto3", "storages"])
def test_a_bucket_without_the_packages_for_it_names_the_extra(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Invalid, match=r"hellotutor\[s3\]") as refused:
        describe_storage(Settings(data_dir=tmp_path, s3_bucket="books"))
    assert refused.value.code == "s3_extra_missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("S3_BUCKET", "s3://books"),
        ("S3_BUCKET", "Books"),
        ("S3_PREFIX", "../books"),
        ("S3_PREFIX", "a//b"),
        ("S3_ENDPOINT_URL", "http://key:secret@127.0.0.1:9000"),
        ("S3_SERVER_SIDE_ENCRYPTION", "rot13"),
        ("S3_PRESIGNED_DOWNLOADS", "perhaps"),
        ("S3_KMS_KEY_ID", "alias/books"),
    ],
)
def test_a_bad_value_is_named_in_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(Invalid) as refused:
        get_settings()
    get_settings.cache_clear()
    assert refused.value.code == "bad_setting"
    assert name in refused.value.message
    assert "\n" not in refused.value.message
    assert "secret" not in refused.value.message
