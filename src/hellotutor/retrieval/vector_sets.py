"""Which vectors are in force, noted in the database, so that every process asks and adds to the same."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction

from hellotutor.core import clock
from hellotutor.core.errors import Conflict
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.models import VectorSet

_State = VectorSet.State


class StampChanged(Conflict):
    """Other vectors are in force than those at hand: nothing more may be added to these."""

    def __init__(self) -> None:
        super().__init__("stamp_changed", "Other vectors are in force by now: try it again.")


def find_in_force() -> VectorSet | None:
    """Return the set that search asks; None before the first vector is stored."""
    return VectorSet.objects.filter(state=_State.IN_FORCE).first()


def enter(place: str, stamp: IndexStamp) -> None:
    """Make sure that vectors of this stamp may be added in this place: the first ever are put in force.

    Raises:
        StampChanged: others are in force.
    """
    current = find_in_force()
    if current is None:
        with suppress(IntegrityError), transaction.atomic():  # another process is first
            in_force = {"state": _State.IN_FORCE, "since": clock.now()}
            VectorSet.objects.update_or_create(place=place, **_fields(stamp), defaults=in_force)
        current = find_in_force()
    if current is None or (current.place, current.stamp) != (place, stamp):
        raise StampChanged


def check_in_force(place: str, stamp: IndexStamp, *, is_kept: bool = False) -> None:
    """Make sure that these are in force.

    Args:
        place: where vectors are about to be added.
        stamp: what made them.
        is_kept: whether they have to stay in force until the transaction at hand ends.

    Raises:
        StampChanged: they are not.
    """
    rows = VectorSet.objects.filter(state=_State.IN_FORCE)
    current = (rows.select_for_update() if is_kept else rows).first()
    if current is None or (current.place, current.stamp) != (place, stamp):
        raise StampChanged


def begin_set(place: str, stamp: IndexStamp) -> None:
    """Note that vectors are about to be made that will follow those in force; a set begun before goes on."""
    VectorSet.objects.get_or_create(place=place, **_fields(stamp), defaults={"state": _State.BUILDING})
    mine = VectorSet.objects.filter(place=place, **_fields(stamp))
    mine.filter(state=_State.RETIRED).update(state=_State.BUILDING, since=clock.now())


def put_in_force(place: str, stamp: IndexStamp) -> None:
    """Have every process ask other vectors; call it in a transaction that began with `lock_in_force`."""
    now = clock.now()
    VectorSet.objects.filter(state=_State.IN_FORCE).update(state=_State.RETIRED, since=now)
    VectorSet.objects.filter(place=place, **_fields(stamp)).update(state=_State.IN_FORCE, since=now)


def lock_in_force() -> None:
    """Let nobody mark a version as indexed until the transaction at hand ends."""
    list(VectorSet.objects.select_for_update().filter(state=_State.IN_FORCE))


def is_wanted(place: str, stamp: IndexStamp) -> bool:
    """Say whether vectors of this stamp in this place are in force, or may come into force."""
    rows = VectorSet.objects.exclude(state=_State.RETIRED)
    return rows.filter(place=place, **_fields(stamp)).exists()


def list_not_in_force() -> list[VectorSet]:
    """Return the sets that search doesn't ask, the oldest first."""
    return list(VectorSet.objects.exclude(state=_State.IN_FORCE).order_by("since", "pk"))


def _fields(stamp: IndexStamp) -> dict[str, Any]:
    return {"model": stamp.model, "version": stamp.version, "dimensions": stamp.dimensions}
