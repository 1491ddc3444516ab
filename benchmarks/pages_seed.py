"""Fills the data folder of the pages' benchmark in a process of its own, and prints the address of each page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hellotutor.config.startup import migrate, start


def main() -> None:
    """Print JSON: the path of each page by its name. The argument is a PDF to show the pages of."""
    start()
    migrate()
    # both need Django set up
    from hellotutor.cli.learner import local_user

    from .library_of_200 import build_library

    original = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    library = build_library(local_user(), **({"original": original.read_bytes()} if original else {}))
    document, session = f"/documents/{library.document.public_id}/", f"/study/{library.open_session.public_id}/"
    pages = {
        "home": "/",
        "document": document,
        "progress": f"{document}progress/",
        "reader": f"{document}pages/1/",
        "study": "/study/",
        "start": "/study/start/",
        "session": session,
        "session, finished": f"/study/{library.finished_session.public_id}/",
        "chat": "/chat/",
        "conversation": f"/chat/{library.conversation.public_id}/",
        "insights": "/insights/",
        "insights of a session": f"/insights/{library.finished_session.public_id}/",
        "account": "/account/",
        "API documents": "/api/v1/documents/",
        "API document": f"/api/v1{document}",
        "API sessions": "/api/v1/sessions/",
        "API session": f"/api/v1/sessions/{library.open_session.public_id}/",
    }
    if original:
        pages["page image"] = f"{document}pages/1/image/"
    print(json.dumps(pages))


if __name__ == "__main__":
    main()
