# ruff: noqa: T201
"""The offline tutor replies while its embedder's model is missing."""

import json
import os
import tempfile
from pathlib import Path

from hellotutor.embeddings import weights
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.monitoring import MonitoringConfig, flush, start_monitoring
from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

TEXT = "Mitochondria release energy by breaking down sugar."

start_monitoring(MonitoringConfig(dsn=os.environ["DSN"]))
weights.PACKAGE = "hellotutor-no-such-package"
excerpt = Excerpt(1, 0, "Cells", 1, TEXT, ((0, len(TEXT)),), (), 1, 0.0, (True,))
with tempfile.TemporaryDirectory() as folder:
    tutor = OfflineTutor(MiniLMEmbedder(MiniLMConfig(Path(folder))))
    reply = tutor.reply("How do mitochondria release energy?", [excerpt])
flush(10.0)
print(json.dumps({"grounded": reply.grounded}))
