"""Study a document over the API with nothing but the standard library.

Usage: HELLOTUTOR_TOKEN=ht_… python study.py FILE [ADDRESS [QUESTION]]
"""

# ruff: noqa: S310, T201
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE, ADDRESS, QUESTION, *_ = [*sys.argv[1:], "", "", ""]
ADDRESS = ADDRESS or "http://127.0.0.1:8000"
TOKEN = os.environ.get("HELLOTUTOR_TOKEN", "")


def open_answer(method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    """Send a request; a problem ends the program with its code and its sentence."""
    request = urllib.request.Request(f"{ADDRESS}/api/v1{path}", data=body, method=method)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        return urllib.request.urlopen(request, timeout=120)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise SystemExit(f"{problem['code']}: {problem['detail']}") from error
    except urllib.error.URLError as error:
        raise SystemExit(
            f"No HelloTutor answers at {ADDRESS}: start it with hellotutor serve, or give the address that it says."
        ) from error


def call(method: str, path: str, data: Any = None) -> Any:
    """Send JSON and return what came back."""
    body = None if data is None else json.dumps(data).encode()
    with open_answer(method, path, body, Content_Type="application/json") as answer:
        return json.load(answer)


def upload(path: Path) -> Any:
    """Send a document. With the key, sending it again after a broken connection does nothing twice."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    with open_answer("POST", "/documents/", body, Content_Type=kind, Idempotency_Key=str(uuid.uuid4())) as answer:
        return json.load(answer)


def stream(method: str, path: str, data: Any = None) -> Iterator[tuple[str, Any]]:
    """Yield the server-sent events (name, data) of an answer as they come."""
    body = None if data is None else json.dumps(data).encode()
    with open_answer(method, path, body, Content_Type="application/json", Accept="text/event-stream") as answer:
        name = ""
        for raw in answer:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def wait_for(document_id: str) -> None:
    """Tell how far a document has come, until it has been read. A stream that ends before is opened again."""
    name = ""
    while name not in ("done", "error"):
        for name, now in stream("GET", f"/documents/{document_id}/"):
            if name == "error":
                raise SystemExit(f"{now['code']}: {now['detail']}")
            print(name, now["status"], now.get("progress", {}).get("passages_read", 0), "passages")
            if now.get("error"):  # one that can be studied all the same is `embedding`
                print(now["error"]["message"])


def main() -> None:
    """Upload, wait, study, ask, and see what it came to."""
    if not Path(FILE).is_file() or not TOKEN:
        raise SystemExit("Name a file, and set HELLOTUTOR_TOKEN: hellotutor token learner@localhost makes one.")
    document = upload(Path(FILE))
    wait_for(document["id"])

    session = call("POST", "/sessions/", {"document_ids": [document["id"]], "count": 2})
    question = session["question"]
    asked = QUESTION or question["prompt"]  # something that the document answers
    while question:
        print("\n" + question["prompt"], *question["choices"], sep="\n  ")
        given = {"choice": 0} if question["choices"] else {"text": "I don't know"}
        graded = call("POST", f"/sessions/{session['id']}/answers/", {"question_id": question["id"], **given})
        where = graded["evidence"]
        print(f"{graded['verdict']}: {graded['feedback']}\n  “{where['quote']}” ({where['document']})")
        question = graded["next_question"]

    print("\n" + asked)
    for name, said in stream("POST", "/chat/", {"message": asked, "document_ids": [document["id"]]}):
        if name == "text":
            print(said["text"], end=" ", flush=True)
        elif name == "error":
            raise SystemExit(f"{said['code']}: {said['detail']}")

    insights = call("GET", f"/sessions/{session['id']}/insights/")
    print("\n\n" + insights["summary"])


if __name__ == "__main__":
    main()
