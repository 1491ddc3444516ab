"""Writes down all that ingestion made, as a program of its own: rows, segments and vectors, and what is left over.

Arguments: a file for the arrays. What is printed is JSON of the shape of `benchmarks.proofs.ingestion_library.Library`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hellotutor.config.startup import start

start()

from django.core.files.storage import Storage  # noqa: E402 - models may be imported only now
from django_tasks_db.models import DBTaskResult  # noqa: E402

from hellotutor.accounts.auth import get_tenant_tag  # noqa: E402
from hellotutor.config import composition  # noqa: E402
from hellotutor.documents.models import DocumentVersion, Page, Passage, Removal  # noqa: E402
from hellotutor.monitoring.counting import counts  # noqa: E402
from hellotutor.retrieval import segments  # noqa: E402
from hellotutor.retrieval.local.blocks import unpack_block  # noqa: E402
from hellotutor.retrieval.parts import find_chain  # noqa: E402

QUERIES = ("evolution of species", "the law of culture", "the tide of the bay", "nation and people", "Zürich")
_PREFIX = re.compile(r"^(lexical-.+?(?=-\d{8}-\d{8})|vectors-.+?-[0-9a-f]{12}(?=-))")
_PAGE = ("ordinal", "number", "label", "heading_path", "text", "raw_text", "raw_map")
_PASSAGE = ("ordinal", "page__ordinal", "end_page__ordinal", "start", "end", "heading_path", "text", "sentences")
_STATE = ("status", "error_code", "pages_total", "pages_read", "pages_damaged", "passages_read", "passages_embedded")


def main(arrays: Path) -> None:
    """Print what there is."""
    storage = composition.ingestion_parts().storage
    versions = list(DocumentVersion.objects.select_related("owner").order_by("owner__email", "filename", "pk"))
    kept: dict[str, Any] = {}
    expected: set[str] = set()
    described = {}
    for version in versions:
        name = f"{version.owner.email.partition('@')[0]}/{version.filename}"
        assert name not in described, f"{name} is there twice"
        described[name] = _describe(version)
        files = _files_of(version, storage)
        expected |= {version.storage_key, *files}
        kept[f"{name} vectors"] = _vectors(storage, [file for file in files if "/vectors-" in file])
        kept[f"{name} words"] = _scores(version)
    np.savez(arrays, **kept)
    found = {name for name in _walk(storage, "") if not name.startswith(".writing/")}
    left_over = {
        "files": sorted(found - expected),
        "missing": sorted(expected - found),
        "removals": Removal.objects.count(),
        "leases": DocumentVersion.objects.filter(lease_until__isnull=False).count(),
        "tasks": DBTaskResult.objects.exclude(status__in=("SUCCESSFUL", "FAILED")).count(),
    }
    sys.stdout.write(json.dumps({"documents": described, "left_over": left_over, "counts": counts(2)}))


def _describe(version: DocumentVersion) -> dict[str, Any]:
    pages = list(Page.objects.filter(version=version).order_by("ordinal").values_list(*_PAGE))
    passages = list(Passage.objects.filter(version=version).order_by("ordinal").values_list(*_PASSAGE))
    state = {name: getattr(version, name) for name in _STATE}
    return {**state, "pages": _digest(pages), "passages": _digest(passages), "rows": [len(pages), len(passages)]}


def _digest(rows: list[Any]) -> str:
    return sha256(json.dumps(rows).encode()).hexdigest()


def _files_of(version: DocumentVersion, storage: Storage) -> list[str]:
    """Return the files of the version's segments and vectors that are of use."""
    folder = segments.folder_of(get_tenant_tag(version.owner.public_id), str(version.public_id))
    names = segments.list_files(storage, folder)
    prefixes = {found[1] for name in names if (found := _PREFIX.match(name))}
    return [f"{folder}/{part.name}" for prefix in sorted(prefixes) for part in find_chain(names, prefix)]


def _vectors(storage: Storage, files: list[str]) -> Any:
    read = [(name, segments.read_arrays(storage, name)) for name in files]
    blocks = [exact for name, found in read if found is not None and len(exact := _exact(name, found[""]))]
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float16)


def _exact(name: str, array: Any) -> Any:
    """Return the vectors of a file, of which its name tells how many and its size of how many numbers each."""
    first, end = map(int, re.findall(r"-(\d{8})(?=-|\.)", name)[-2:])
    rows = end - first
    if not rows:
        return np.zeros((0, 0), dtype=np.float16)
    return unpack_block(array, (len(array) - 4 * (rows + 2)) // (3 * rows), rows=rows, is_mapped=False).exact


def _scores(version: DocumentVersion) -> Any:
    """Return the scores by words of each passage, shape (queries, passages)."""
    tenant, version_id = get_tenant_tag(version.owner.public_id), str(version.public_id)
    index = composition.lexical_index()
    return np.stack([index.score(query, tenants=[tenant], versions=[version_id]).scores for query in QUERIES])


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    folders, names = storage.listdir(folder)
    yield from (f"{folder}/{name}".lstrip("/") for name in names)
    for one in folders:
        yield from _walk(storage, f"{folder}/{one}".lstrip("/"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
