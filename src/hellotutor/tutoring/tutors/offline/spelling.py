"""Typing slips: which misspelt words still count as the word that was meant."""

from __future__ import annotations

from functools import lru_cache

_SHORT = 5  # letters; below it a slip makes another word too often
_LONG = 9  # letters from which two slips are forgiven
# Endings and beginnings that make another word of nearly the same letters: nitrate and nitrite, lactase and lactose,
# hypotonic and hypertonic, adduction and abduction. A slip never turns one into the other.
_ENDING_LIST = "ate ite ide ase ose ane ene yne ine one or ee ful less"
_ENDINGS = tuple(_ENDING_LIST.split())
_BEGINNING_LIST = (
    "hypo hyper intra inter macro micro under over endo exo ab ad im em in ex un dis anti auto allo homo hetero haplo "
    "diplo meta ana cata"
)
_BEGINNINGS = tuple(_BEGINNING_LIST.split())
_PAIRS = (
    "proton photon|neuron neutron|meiosis mitosis|mitosis miosis|complement compliment|desert dessert|causal casual"
    "|cation anion|affect effect|principal principle|ammonia ammonium|allusion illusion|artery arteriole"
    "|trail trial|angel angle|quiet quite|form from|stationary stationery|prescribe proscribe|emigrate immigrate"
)
_DIFFERENT_WORDS = frozenset(frozenset(pair.split()) for pair in _PAIRS.split("|"))


def distance(one: str, other: str, limit: int) -> int:
    """Return the Damerau–Levenshtein distance (restricted: no letter moves twice), or `limit` + 1 when it is more.

    Source: Damerau 1964; the optimal string alignment recurrence.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


@lru_cache(maxsize=20_000)
def is_slip(written: str, meant: str) -> bool:
    """Say whether `written` is `meant` with a small typing slip: 1 from 5 letters, 2 from 9 letters.

    The first letter must be right, and the slip must not make a known other word. Equal words are no slip.

    Args:
        written: what the learner wrote, lower case.
        meant: the word of the reference, lower case.
    """
    shorter = min(len(written), len(meant))
    if shorter < _SHORT - 1 or len(meant) < _SHORT or written == meant or written[0] != meant[0]:
        return False
    if not (written.isalpha() and meant.isalpha()) or _is_another_word(written, meant):
        return False
    limit = 2 if len(meant) >= _LONG else 1
    return distance(written, meant, limit) <= limit


def _is_another_word(written: str, meant: str) -> bool:
    if frozenset((written, meant)) in _DIFFERENT_WORDS:
        return True
    endings = _ending(written), _ending(meant)
    beginnings = _beginning(written), _beginning(meant)
    return any(left and right and left != right for left, right in (endings, beginnings))


def _ending(word: str) -> str:
    return next((part for part in _ENDINGS if word.endswith(part)), "")


def _beginning(word: str) -> str:
    return next((part for part in _BEGINNINGS if word.startswith(part)), "")
