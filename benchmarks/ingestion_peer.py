"""Reads and indexes one document with LlamaIndex, in a process and a virtual environment of its own; prints JSON."""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

# The weights lie on the disk, and llama-index-core brings its tokenizer tables along: nothing is to be fetched.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")


def main() -> None:
    """Print one JSON object: when it was ready (of the monotonic clock), seconds from there, and how much was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="the folder of all-MiniLM-L6-v2")
    parser.add_argument("--chunk-tokens", type=int, default=1024, help="of a chunk; LlamaIndex' own default is 1024")
    options = parser.parse_args()
    print(json.dumps(_measure(options.file, options.model, options.chunk_tokens)))


def _measure(file: Path, model: Path, chunk_tokens: int) -> dict[str, Any]:
    # Heavy, and part of the start: up to half a minute.
    from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # hundreds of lines about fonts
    Settings.embed_model = HuggingFaceEmbedding(model_name=str(model), device="cpu")
    Settings.embed_model.get_text_embedding("A word, so that all is loaded.")
    overlap = min(200, chunk_tokens // 5)  # 200 of 1024 is LlamaIndex' own default
    Settings.node_parser = SentenceSplitter(chunk_size=chunk_tokens, chunk_overlap=overlap)
    ready = time.monotonic()
    documents = SimpleDirectoryReader(input_files=[str(file)]).load_data()
    read = time.monotonic()
    index = VectorStoreIndex.from_documents(documents)
    indexed = time.monotonic()
    found = index.as_retriever(similarity_top_k=2).retrieve("What is it about?")
    if len(found) != 2:
        raise SystemExit(f"2 passages were asked for, and {len(found)} found: the index does not work")
    return {
        "ready_at": ready,
        "read_s": read - ready,
        "indexed_s": indexed - ready,
        "passages": len(index.index_struct.nodes_dict),
        "characters": sum(len(document.text) for document in documents),
        "versions": {name: _version(name) for name in ("llama-index-core", "sentence-transformers", "torch")},
    }


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


if __name__ == "__main__":
    main()
