"""Everyday words that say nearly the same, so that a learner's plain words count for a textbook's."""

from __future__ import annotations

from hellotutor.tutoring.tutors.offline.opposites import are_alike
from hellotutor.tutoring.tutors.offline.words import stem_word

_GROUPS = (
    "maintain keep stay remain preserve retain",
    "make build create produce form construct generate",
    "move movement travel flow pass",
    "show demonstrate reveal indicate display",
    "use utilise utilize employ apply",
    "help assist aid",
    "stop prevent halt block",
    "need require",
    "obtain receive acquire take gain",
    "give provide supply offer",
    "send transmit transport carry",
    "change alter modify transform convert",
    "destroy ruin demolish",
    "break split divide separate",
    "join combine connect link attach bind unite",
    "store save hold",
    "begin start commence initiate",
    "branch division arm department",
    "sequence region stretch segment",
    "ability capacity capability",
    "handle manipulate process",
    "key main chief principal central",
    "end finish stop",
    "happen occur",
    "cause lead result produce",
    "protect defend guard shield",
    "kill die dead",
    "eat consume feed",
    "say state claim argue",
    "buy purchase",
    "find discover detect",
    "try attempt",
    "choose select pick",
    "important significant crucial essential vital",
    "people person human humans men man individual somebody someone anybody anyone",
    "normal ordinary common usual regular",
    "picture photo photograph image",
    "child kid",
    "law statute legislation",
    "area region zone place location",
    "amount quantity number population",
    "kind type sort",
    "part piece portion section component",
    "material substance matter",
    "force power strength",
    "energy power",
    "danger hazard risk",
    "illness disease sickness",
    "country nation state",
    "job work task",
    "error mistake",
    "goal aim purpose",
    "organism creature being",
    "big large great huge",
    "small little tiny",
    "quick fast rapid",
    "whole entire complete",
    "enough sufficient adequate",
    "across through",
    "away out",
)


def _places() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for place, line in enumerate(_GROUPS):
        for word in line.split():
            found.setdefault(stem_word(word), set()).add(place)
    return {stem: frozenset(places) for stem, places in found.items()}


_PLACES = _places()
_NOWHERE: frozenset[int] = frozenset()


def are_near(one: str, other: str) -> bool:
    """Say whether two stems are everyday words for nearly the same, or stand on one side of an axis of opposites."""
    return are_alike(one, other) or bool(_PLACES.get(one, _NOWHERE) & _PLACES.get(other, _NOWHERE))


def is_everyday(stem: str) -> bool:
    """Say whether a stem is one of the everyday words of which people write one for another."""
    return stem in _PLACES
