"""Plain pip: the wheel in a bare virtual environment, from another directory, with an empty HOME."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.proofs.report import Step, write_report

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Build, install, run the three commands, and write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        write_report("wheel", __doc__, "script/prove wheel", list(_steps(Path(scratch))))


def _steps(scratch: Path) -> list[Step]:
    home, elsewhere = scratch / "home", scratch / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    python = scratch / "bare" / "bin" / "python"
    program = scratch / "bare" / "bin" / "hellotutor"
    steps = [
        _run("build the wheel", [str(Path(sys.executable).with_name("uv-build")), "build-wheel", str(scratch)], ROOT),
        _run("make a bare virtual environment", [sys.executable, "-m", "venv", str(scratch / "bare")], elsewhere),
    ]
    (wheel,) = scratch.glob("*.whl")
    steps.append(
        _run("pip install the wheel", [str(python), "-m", "pip", "install", "-q", str(wheel)], elsewhere, home)
    )
    listed = _run("no torch came along", [str(python), "-c", _NO_TORCH], elsewhere, home)
    steps.append(listed)
    steps.append(_run("hellotutor doctor", [str(program), "doctor"], elsewhere, home, says="hellotutor models fetch"))
    steps.append(_run("hellotutor models fetch", [str(program), "models", "fetch"], elsewhere, home, says="downloaded"))
    steps.append(_run("hellotutor doctor", [str(program), "doctor"], elsewhere, home, says="384 dimensions"))
    study = [str(program), "study", "--sample", "--count", "2", "--json"]
    steps.append(_run("hellotutor study", study, elsewhere, home, stdin="a\nb\n", says='"event": "insights"'))
    return steps


_NO_TORCH = "import importlib.util as u; assert not u.find_spec('torch') and not u.find_spec('sentence_transformers')"


def _run(
    name: str, command: list[str], cwd: Path, home: Path | None = None, *, stdin: str = "", says: str = ""
) -> Step:
    environment = {**os.environ, **({"HOME": str(home)} if home else {})}
    for variable in ("PYTHONPATH", "DATA_DIR", "HELLOTUTOR_SHARED_DATA"):
        environment.pop(variable, None)
    begun = time.monotonic()
    ran = subprocess.run(
        command, cwd=cwd, env=environment, input=stdin, capture_output=True, encoding="utf-8", check=False
    )
    said = " ".join((ran.stdout + ran.stderr).split())
    works = ran.returncode == 0 and says in said
    return Step(name, works, time.monotonic() - begun, "" if works else said[-400:])


if __name__ == "__main__":
    main()
