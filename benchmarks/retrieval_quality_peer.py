"""Finds chunks with LlamaIndex and its own defaults, in a Python of its own; a JSON object in, a JSON list out.

In: `corpora` (files by name), `questions` ([corpus, question] each), `model` (the folder of all-MiniLM-L6-v2). Out:
for each question the [start, end] spans of the corpus that LlamaIndex' chunks cover, best first.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

# The weights lie on the disk, and llama-index-core brings its tokenizer tables along: nothing is to be fetched.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
_MOST_CHUNKS = 20  # more than fill the budget


def main() -> None:
    """Answer the request on standard input."""
    # Heavy, and part of the start: up to half a minute.
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    request = json.load(sys.stdin)
    Settings.embed_model = HuggingFaceEmbedding(model_name=request["model"], device="cpu")
    Settings.node_parser = SentenceSplitter(chunk_size=1024, chunk_overlap=200)  # both are its defaults
    retrievers: dict[str, Any] = {}
    for name, path in request["corpora"].items():
        document = Document(text=Path(path).read_bytes().decode("utf-8"))
        retrievers[name] = VectorStoreIndex.from_documents([document]).as_retriever(similarity_top_k=_MOST_CHUNKS)
    answers = []
    for corpus, question in request["questions"]:
        nodes = [found.node for found in retrievers[corpus].retrieve(question)]
        answers.append([[node.start_char_idx, node.end_char_idx] for node in nodes])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
