"""The real web server, whose storage stops after it has stored a file while a closed gate lies in the data folder.

Arguments: the port.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from hellotutor.config.startup import start
from hellotutor.documents.local_storage import DurableFileSystemStorage


class GatedStorage(DurableFileSystemStorage):
    """Stores files; then waits until it is killed, where it is to."""

    def _save(self, name: str, content: Any) -> str:
        saved = super()._save(name, content)
        gate = Path(self.location).parent / "gate"
        if gate.exists():
            gate.with_suffix(".reached").touch()
        while gate.exists():
            time.sleep(0.02)
        return saved


def main() -> None:
    """Serve like `hellotutor serve` does, without a worker."""
    start()
    # both need Django set up
    from django.conf import settings

    from hellotutor.cli.main import run

    settings.STORAGES["default"]["BACKEND"] = "tests.e2e.programs.gated_web_server.GatedStorage"
    sys.exit(run(["web-server", "--host", "127.0.0.1", "--port", sys.argv[1]]))


if __name__ == "__main__":
    main()
