"""Whether everything in storage and index belongs to a version, or is noted to go."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from django.core.files.storage import Storage

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion, Removal
from hellotutor.retrieval.base import VectorIndex

from .findings import Finding, Tally
from .mending import call_off, carry_out, remove_object
from .removals import IndexParts

OVERDUE = timedelta(minutes=5)
_MANY_TRIES = 4  # each puts the removal off, and these by more than 5 minutes together
_BATCH = 200
_TENANT = re.compile(r"(?:[0-9a-f]{2}){16,32}")
_OBJECT = re.compile(r"[0-9a-f]{64}")
_INDEX_FILE = re.compile(r"(?:lexical|vectors)-.+\.np[yz]")
_PROBES = "probes"  # what a look at the storage writes, and removes at once
_NOT_REMOVED = "Its files were to be removed and weren't: see that the storage works and a worker runs, or --repair."
_UNFOUNDED = "A note says that the files of a living document are to go: --repair takes the note back."
_ORPHANED = "It belongs to no document: --repair removes it."
_OF_UNKNOWN_AGE = (
    "It belongs to no document, but the storage can't tell since when: --repair --grace-minutes 0 removes it."
)
_OF_OTHERS = (
    "The database knows no account that it could belong to: another installation's, or an account's that has gone. "
    "It is never removed. If it should be known: are DATABASE_URL and HMAC_SECRET right?"
)
_STRAY = "HelloTutor didn't write it: remove it yourself where nobody needs it."


class _Index(Protocol):
    """What both kinds of index have."""

    def list_versions(self) -> Iterator[tuple[str, str]]: ...

    def delete(self, *, tenant: str, version_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Looking:
    """What is needed to look for what belongs to nobody.

    Attributes:
        parts: where it would lie.
        tally: what is counted on the way.
        grace: younger files are left alone.
        owners: whose files may be removed.
    """

    parts: IndexParts
    tally: Tally
    grace: timedelta
    owners: _Owners


class _Owners:
    """The tenant tags of the users that the database knows, also of those who come meanwhile; 20 bytes each."""

    def __init__(self) -> None:
        self._tags: set[bytes] = set()
        self._last = 0

    def __contains__(self, tenant: str) -> bool:
        if not _TENANT.fullmatch(tenant):
            return False
        tag = bytes.fromhex(tenant)
        return tag in self._tags or (self._read_on() and tag in self._tags)

    def _read_on(self) -> bool:
        before = len(self._tags)
        users = User.objects.filter(pk__gt=self._last).order_by("pk").values_list("pk", "public_id")
        for self._last, public_id in users.iterator(chunk_size=_BATCH):
            self._tags.add(bytes.fromhex(get_tenant_tag(public_id)))
        return len(self._tags) > before


def check_removals(parts: IndexParts, tally: Tally) -> Iterator[Finding]:
    """Yield the notes of files to be removed that are overdue, or can't be true."""
    now, last = clock.now(), 0
    while batch := list(Removal.objects.filter(pk__gt=last).order_by("pk")[:_BATCH]):
        for removal in batch:
            last = removal.pk
            subject = f"version {removal.version_id}"
            if removal.due_at >= now - OVERDUE and removal.tries < _MANY_TRIES:
                tally.to_be_removed += 1
            elif _is_unfounded(removal):
                yield Finding("removal_unfounded", subject, _UNFOUNDED, mend=partial(call_off, removal))
            else:
                yield Finding("removal_overdue", subject, _NOT_REMOVED, mend=partial(carry_out, removal, parts))


def check_orphans(parts: IndexParts, tally: Tally, *, grace: timedelta) -> Iterator[Finding]:
    """Yield uploaded files, segments and vectors of versions that have no row and aren't noted to go; and strays.

    An index that can't be looked at is one of the findings.

    Args:
        parts: where they would lie.
        tally: what is counted on the way.
        grace: files younger than this are left alone.

    Raises:
        Unavailable: the storage can't be looked at.
    """
    looking = _Looking(parts, tally, grace, _Owners())
    yield from _check_storage(looking)
    yield from _check_index(looking, "segments_orphaned", parts.lexical)
    for index in (parts.index, *parts.other_indexes):
        try:
            yield from _check_index(looking, "vectors_orphaned", index)
        except Unavailable as error:
            yield Finding("index_unreachable", index.place, error.message)


def is_reachable(index: VectorIndex) -> bool:
    """Say whether an index can be looked at; `check_orphans` tells of one that can't."""
    try:
        index.probe()
    except Unavailable:
        return False
    return True


def _is_unfounded(removal: Removal) -> bool:
    """Say whether the version lives, in one query: the note of an upload goes with the making of its rows."""
    living = DocumentVersion.objects.values("public_id")
    return Removal.objects.filter(pk=removal.pk, version_id__in=living).exists()


def _is_known(version_id: str, *, tenant: str = "", key: str = "") -> bool:
    """Say whether a version, or a note, accounts for what lies under an id; for an upload by `key`, its exact name.

    An upload's rows replace its note, and a deletion's note replaces the rows, each at once: one of them is found when
    they are looked for in this order.
    """
    return _is_noted(version_id, key) or _has_row(version_id, tenant, key) or _is_noted(version_id, key)


def _is_noted(version_id: str, key: str) -> bool:
    notes = Removal.objects.filter(version_id=_as_uuid(version_id))
    return (notes.filter(storage_key=key) if key else notes).exists()


def _has_row(version_id: str, tenant: str, key: str) -> bool:
    versions = DocumentVersion.objects.select_related("owner").filter(public_id=_as_uuid(version_id))
    if key:
        return versions.filter(storage_key=key).exists()
    return any(get_tenant_tag(version.owner.public_id) == tenant for version in versions)


def _as_uuid(text: str) -> uuid.UUID:
    """Return the id that a folder is named by; one that no version has where it is named otherwise."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _check_index(looking: _Looking, code: str, index: _Index) -> Iterator[Finding]:
    for tenant, version_id in index.list_versions():
        if _is_known(version_id, tenant=tenant):
            continue
        subject, changed_at = f"{tenant}/{version_id}", _find_last_change(looking.parts.storage, tenant, version_id)
        if changed_at is None and looking.grace and tenant in looking.owners:
            yield Finding(code, subject, _OF_UNKNOWN_AGE)
        elif changed_at is None or _has_passed(looking, changed_at):
            yield _orphan(looking, code, tenant, subject, partial(_forget, index, tenant, version_id))


def _check_storage(looking: _Looking) -> Iterator[Finding]:
    """Look at every file of the storage: `{tenant}/{version}/{sha256}`, and those of the indexes beside it."""
    folders, names = _list(looking.parts.storage, "")
    yield from (_stray(name) for name in names)
    for tenant in folders:
        if tenant == _PROBES:
            yield from _check_probes(looking)
        elif _TENANT.fullmatch(tenant):
            yield from _check_tenant(looking, tenant)
        elif not tenant.startswith("."):  # local files are written in such a folder
            yield _stray(f"{tenant}/")


def _check_tenant(looking: _Looking, tenant: str) -> Iterator[Finding]:
    folders, names = _list(looking.parts.storage, tenant)
    yield from (_stray(f"{tenant}/{name}") for name in names)
    for version_id in folders:
        inside, files = _list(looking.parts.storage, f"{tenant}/{version_id}")
        yield from (_stray(f"{tenant}/{version_id}/{name}/") for name in inside)
        for name in files:
            yield from _check_file(looking, version_id, f"{tenant}/{version_id}/{name}")


def _check_file(looking: _Looking, version_id: str, key: str) -> Iterator[Finding]:
    name = key.rpartition("/")[2]
    if _INDEX_FILE.fullmatch(name):
        return
    if not _OBJECT.match(name):
        yield _stray(key)
        return
    looking.tally.files += 1
    if not _is_known(version_id, key=key) and _is_old(looking, key):
        tenant = key.partition("/")[0]
        yield _orphan(looking, "object_orphaned", tenant, key, partial(remove_object, looking.parts.storage, key))


def _check_probes(looking: _Looking) -> Iterator[Finding]:
    """Look for what interrupted looks at the storage left; anybody's, because it holds nothing."""
    looking = replace(looking, grace=max(looking.grace, OVERDUE))  # one may be going on
    for name in _list(looking.parts.storage, _PROBES)[1]:
        key = f"{_PROBES}/{name}"
        if _is_old(looking, key):
            yield Finding("probe_left", key, _ORPHANED, mend=partial(remove_object, looking.parts.storage, key))


def _is_old(looking: _Looking, key: str) -> bool:
    """Say whether a file is there, and for longer than the grace."""
    try:
        return _has_passed(looking, looking.parts.storage.get_modified_time(key))
    except FileNotFoundError:
        return False


def _has_passed(looking: _Looking, changed_at: datetime) -> bool:
    return clock.now() - changed_at >= looking.grace


def _find_last_change(storage: Storage, tenant: str, version_id: str) -> datetime | None:
    """Return when the files of a version's indexes were last written; None where they don't lie in the storage."""
    folder = f"{tenant}/{version_id}"
    times = []
    for name in _list(storage, folder)[1]:
        if _INDEX_FILE.fullmatch(name):
            with suppress(FileNotFoundError, NotImplementedError):
                times.append(storage.get_modified_time(f"{folder}/{name}"))
    return max(times, default=None)


def _list(storage: Storage, folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and files of a folder; none where it has gone meanwhile."""
    try:
        return storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _stray(name: str) -> Finding:
    return Finding("stray_file", name, _STRAY)


def _orphan(looking: _Looking, code: str, tenant: str, subject: str, mend: Callable[[], str]) -> Finding:
    if tenant not in looking.owners:  # a shared bucket, or a wrong setting
        return Finding(code, subject, _OF_OTHERS)
    return Finding(code, subject, _ORPHANED, mend=mend)


def _forget(index: _Index, tenant: str, version_id: str) -> str:
    index.delete(tenant=tenant, version_id=version_id)
    return "removed"
