"""What makes each failure of S3 happen, by the name of its row: a real service whose wire to a real server is cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.browsing import Browsing
from tests.e2e.running import Response, Service
from tests.e2e.service_faults import SECRET_TEXT, SECRET_TITLE
from tests.s3_server import SECRET_KEY, S3Server, Wire


@dataclass
class S3Scene:
    """A monitored service without a worker that keeps its files in S3, and a wire between them that can be cut."""

    service: Service
    server: S3Server
    wire: Wire
    token: str
    folder: Path

    def upload(self, name: str, *, words: int = 1) -> Response:
        file = self.folder / f"{name} {SECRET_TITLE}"
        file.write_text(f"{SECRET_TEXT}\n{'word ' * words}{name}\n", encoding="utf-8")
        return self.service.api("POST", "/api/v1/documents/", token=self.token, file=file)

    def add(self, name: str, *, words: int = 1) -> str:
        added = self.upload(name, words=words)
        assert added.status == 202, added.body
        return str(added.json["id"])

    def original(self, document_id: str) -> Response:
        return Browsing(self.service).open(f"/documents/{document_id}/original/")

    def keys(self) -> list[str]:
        """Return the names of all objects in the bucket."""
        listed = self.server.client().list_objects_v2(Bucket=self.server.bucket, Prefix="monitored/")
        return [str(found["Key"]) for found in listed.get("Contents", ())]

    def titles(self) -> list[str]:
        listed = self.service.api("GET", "/api/v1/documents/", token=self.token).json
        return [document["title"] for document in listed["results"]]


def add_without_credentials(scene: S3Scene) -> Response:
    file = scene.folder / f"bare {SECRET_TITLE}"
    file.write_text(f"{SECRET_TEXT}\nbare\n", encoding="utf-8")
    given = dict(scene.service.environment)
    try:
        scene.service.environment.pop("AWS_SECRET_ACCESS_KEY")
        ran = scene.service.run("study", str(file), "--count", "1", "--json")
    finally:
        scene.service.environment.update(given)
    assert "AWS_ACCESS_KEY_ID" in ran.stderr, ran.stderr
    assert SECRET_KEY not in ran.stderr
    return Response(503 if ran.returncode else 200, {}, b'{"code": "s3_credentials_missing"}')


def upload_while_it_is_down(scene: S3Scene) -> Response:
    with scene.wire.refusing():
        return scene.upload("cut off")


def download_what_was_altered(scene: S3Scene) -> Response:
    before = set(scene.keys())
    document_id = scene.add("altered")
    (key,) = set(scene.keys()) - before
    client = scene.server.client()
    metadata = client.head_object(Bucket=scene.server.bucket, Key=key)["Metadata"]
    client.put_object(Bucket=scene.server.bucket, Key=key, Body=b"Karlsson was here", Metadata=metadata)
    return scene.original(document_id)


def delete_while_it_refuses(scene: S3Scene) -> Response:
    document_id = scene.add("to be deleted")
    with scene.wire.refusing(b"DELETE"):
        return scene.service.api("DELETE", f"/api/v1/documents/{document_id}/", token=scene.token)


def look_up_while_it_is_down(scene: S3Scene) -> Response:
    document_id = scene.add("to be looked up")
    with scene.wire.refusing():
        return scene.original(document_id)


# The failure's row → what makes it happen, and the status that the caller gets.
S3_FAULTS: dict[str, tuple[Callable[[S3Scene], Response], int]] = {
    "s3_storage._initialize_client": (add_without_credentials, 503),
    "s3_storage.upload_document": (upload_while_it_is_down, 503),
    "s3_storage.download_document": (download_what_was_altered, 503),
    "s3_storage.delete_document": (delete_while_it_refuses, 204),
    "s3_storage.look_up": (look_up_while_it_is_down, 503),
}
