"""The real service over a real S3 server: what is uploaded is read, found, shown, downloaded by a link, and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.browsing import Browsing
from tests.e2e.running import Service, running_service, wait_until
from tests.e2e.service_faults import SECRET_TEXT
from tests.s3_server import SECRET_KEY, S3Server, Wire

PREFIX = "whole/service"


@pytest.fixture(scope="module")
def wire(s3_server: S3Server) -> Iterator[Wire]:
    wire = Wire(s3_server.url)
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def service(s3_server: S3Server, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {**s3_server.settings, "S3_ENDPOINT_URL": wire.url, "S3_PREFIX": PREFIX, "EMBEDDER": "none"}
    with running_service(tmp_path_factory.mktemp("on-s3") / "data", **settings) as service:
        yield service


def keys(server: S3Server) -> list[str]:
    listed = server.client().list_objects_v2(Bucket=server.bucket, Prefix=f"{PREFIX}/")
    return [str(found["Key"]) for found in listed.get("Contents", ())]


def test_a_document_goes_its_whole_way_over_s3(service: Service, s3_server: S3Server, tmp_path: Path) -> None:
    token = service.token()
    file = tmp_path / "Ärger “und” Freude.md"
    file.write_text(SECRET_TEXT, encoding="utf-8")
    added = service.api("POST", "/api/v1/documents/", token=token, file=file)
    assert added.status == 202, added.body
    path = f"/api/v1/documents/{added.json['id']}/"
    wait_until(lambda: service.api("GET", path, token=token).json["status"] in ("embedding", "indexed"))
    message = {"message": "Where did Anna Karlsson hide the silver spoon?"}
    replied = service.api("POST", "/api/v1/chat/", token=token, json_body=message)
    assert replied.json["grounded"], replied.body
    assert not [found for found in (service.data_dir / "objects").rglob("*") if found.is_file()]
    assert len(keys(s3_server)) > 1  # the upload and its index

    got = Browsing(service).open(f"/documents/{added.json['id']}/original/")  # it follows where it is sent
    assert got.headers["Server"].startswith("SeaweedFS")
    assert got.body == file.read_bytes()
    assert "%C3%84rger" in got.headers["Content-Disposition"]

    assert service.api("DELETE", path, token=token).status == 204
    wait_until(lambda: not keys(s3_server))


def test_the_service_says_that_it_works_on_s3(service: Service, s3_server: S3Server, wire: Wire) -> None:
    ready = service.api("GET", "/readyz")
    assert (ready.status, ready.json["storage"], ready.json["parts"]["storage"]) == (200, "s3", True)
    looked = service.run("doctor")
    assert f"S3 bucket {s3_server.bucket} at {wire.url}, under {PREFIX}/" in looked.stdout
    assert "written, read and deleted a probe" in looked.stdout


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "refuses the AWS credentials"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "no usable AWS credentials"),
        ({"S3_BUCKET": "tests-nobody-made-it"}, "no such bucket"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:9"}, "can't be reached"),
    ],
)
def test_the_doctor_says_what_to_do_about_s3_and_no_secret(
    changed: dict[str, str], word: str, service: Service
) -> None:
    given = dict(service.environment)
    try:
        service.environment.update(changed)
        looked = service.run("doctor")
    finally:
        service.environment.update(given)
    assert looked.returncode == 1
    assert word in looked.stdout
    assert SECRET_KEY not in looked.stdout + looked.stderr
    assert "Traceback" not in looked.stderr


def test_a_service_that_can_not_reach_s3_is_not_ready(service: Service, wire: Wire) -> None:
    with wire.refusing():
        ready = service.api("GET", "/readyz")
    assert (ready.status, ready.json["parts"]["storage"]) == (503, False)
    assert SECRET_KEY not in json.dumps(ready.json)
    assert service.api("GET", "/readyz").status == 200
