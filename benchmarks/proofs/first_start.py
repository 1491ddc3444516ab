"""A clean clone with an empty HOME: script/run serves its pages, and again at once the next time."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.proofs.report import Step, write_report

ROOT = Path(__file__).parents[2]
FIRST_LIMIT_S, NEXT_LIMIT_S = 240.0, 3.0


def main() -> None:
    """Clone, start three times, study in the terminal once, and write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        clone, home = Path(scratch) / "clone", Path(scratch) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "DATA_DIR", "VIRTUAL_ENV")}
        environment = {**kept, "HOME": str(home)}
        steps = [
            *_serve("first start, with every download", clone, environment, FIRST_LIMIT_S),
            *_serve("next start", clone, environment, NEXT_LIMIT_S),
            *_serve("next start, once more", clone, environment, NEXT_LIMIT_S),
            _reach_a_question(clone, environment),
        ]
        write_report("first_start", __doc__, "script/prove first_start", steps)


def _serve(name: str, clone: Path, environment: dict[str, str], limit_s: float) -> list[Step]:
    """Start the service until it answers, follow its sign-in link, and stop it."""
    port = _free_port()
    begun = time.monotonic()
    process = subprocess.Popen(
        ["script/run", "--port", str(port), "--no-browser"],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    while process.poll() is None and _status(f"http://127.0.0.1:{port}/healthz") != 200:
        time.sleep(0.02)
    up_s = time.monotonic() - begun
    link = _read_link(process)
    is_in = _status(link) == 200
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = process.wait()
    stop_s = time.monotonic() - begun
    return [
        Step(f"{name}: /healthz answers (limit {limit_s:.0f} s)", up_s <= limit_s, up_s),
        Step(f"{name}: the link signs in, and Ctrl-C ends it with code 0", is_in and code == 0, stop_s),
    ]


def _read_link(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http://\S+/sign-in/\S+/", line):
            return found[0]
    raise RuntimeError("the service printed no sign-in link")


def _status(url: str) -> int:
    """Return the status of the page to which an address leads, with the cookies set on the way; 0 for no answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reach_a_question(clone: Path, environment: dict[str, str]) -> Step:
    begun = time.monotonic()
    process = subprocess.Popen(
        ["script/run", "--sample"],
        cwd=clone,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if "Question " in line:
            break
    seconds = time.monotonic() - begun
    _, said = process.communicate("q\n")
    works = "Question " in seen and seconds <= NEXT_LIMIT_S
    return Step(
        f"a question in the terminal (limit {NEXT_LIMIT_S:.0f} s)", works, seconds, "" if works else said[-400:]
    )


if __name__ == "__main__":
    main()
