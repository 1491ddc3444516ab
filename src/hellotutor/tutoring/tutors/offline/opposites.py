"""Words that are each other's opposite, by axis: one side of an axis can stand for another word of the same side."""

from __future__ import annotations

from hellotutor.tutoring.tutors.offline.words import stem_word

_AXES = (
    "increase rise raise grow gain more most higher highest high many greater greatest"
    " / decrease reduce fall lower low lowest shrink lose less least fewer fewest few",
    "up upward upwards / down downward downwards",
    "before earlier prior / after later afterwards",
    "first / last",
    "big bigger biggest large larger largest / small smaller smallest little tiny",
    "always / never",
    "everything everyone everybody all / nothing nobody none",
    "inside internal within interior / outside external exterior",
    "above over / below under beneath underneath",
    "long longer longest lengthier / short shorter shortest",
    "fast faster fastest quick quickly quicker rapid / slow slower slowest slowly",
    "hot hotter warm warmer / cold colder cool cooler",
    "heavy heavier heaviest / light lighter lightest",
    "thick thicker / thin thinner",
    "hard harder hardest / soft softer softest",
    "strong stronger strongest strengthen / weak weaker weakest weaken",
    "same identical alike similar / different dissimilar unlike",
    "positive / negative",
    "open opened / closed close shut",
    "connected joined together / disconnected separated separate apart",
    "add / remove subtract",
    "absorb / release emit",
    "expand / contract",
    "attract / repel",
    "accept approve / reject refuse rejected",
    "allow permit let / prevent forbid prohibit ban",
    "support favour favor favoured favored / oppose opposed",
    "won win / lost",
    "left / right",
    "north / south",
    "east / west",
    "early / late",
    "public / private",
    "legal lawful / illegal unlawful",
    "true / false",
    "possible / impossible",
    "float / sink",
    "hypertonic / hypotonic",
    "endothermic / exothermic",
    "parallel / series",
    "wet / dry",
    "wide wider / narrow narrower",
    "deep deeper / shallow shallower",
    "begin start begins began initiate / end finish stop terminate",
    "create created make build construct / destroy destroyed break",
    "import / export",
    "maximum maximise maximize / minimum minimise minimize",
    "dependent / independent",
    "active / inactive passive",
    "stable constant unchanged steady maintain keep preserve / unstable change alter variable vary",
    "complete / incomplete",
    "equal / unequal",
    "rough / smooth",
    "full / empty",
    "alive living / dead",
    "near close nearer closer nearest / far further farther farthest furthest",
    "forward forwards / backward backwards",
    "rich / poor",
    "dominant / recessive",
    "acid acidic / base basic alkaline",
    "aerobic / anaerobic",
    "perpetual eternal permanent forever / limited temporary",
)


def _sides() -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for axis, line in enumerate(_AXES):
        for side, words in zip((1, -1), line.split(" / "), strict=True):
            for word in words.split():
                places = found.setdefault(stem_word(word), [])
                if (axis, side) not in places:
                    places.append((axis, side))
    return {stem: tuple(places) for stem, places in found.items()}


_SIDES = _sides()


def sides_of(stem: str) -> tuple[tuple[int, int], ...]:
    """Return (axis, side) of a stem, side 1 or -1, for each axis that it stands on; mostly none."""
    return _SIDES.get(stem, ())


def are_opposite(one: str, other: str) -> bool:
    """Say whether two stems stand on opposite sides of an axis."""
    return any(axis == a and side == -b for axis, side in sides_of(one) for a, b in sides_of(other))


def are_alike(one: str, other: str) -> bool:
    """Say whether two stems are equal or stand on the same side of an axis."""
    return one == other or any(place in sides_of(other) for place in sides_of(one))
