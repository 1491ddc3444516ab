"""British spellings in their American form, so that a learner may write either."""

from __future__ import annotations

import re

_OUR = re.compile(
    r"^(arb|arm|behavi|cand|clam|col|endeav|fav|ferv|flav|harb|hon|hum|lab|misdemean|neighb|od|parl|ranc|rig|rum|savi|"
    r"sav|splend|tum|val|vap|vig|disfav|dishon|discol)our"
)
_RE = re.compile(r"^(calib|cent|fib|lit|lust|meag|met|mit|och|sab|scept|som|spect|theat|\w+lit|\w+met)re(s|d)?$")
# Words of four letters and more before "ise": "organise", not "raise". The same form comes of "exercise" everywhere.
_ISE = re.compile(r"^(\w{4,})is(e|es|ed|ing|er|ers|able|ation|ations|ational)$")
_YSE = re.compile(r"^(\w{3,}l)ys(e|ed|ing)$")
_DOUBLE_L = re.compile(
    r"^(cancel|channel|fuel|label|level|marvel|model|quarrel|signal|total|travel|tunnel)l(ed|ing|er|ers)$"
)
_DIGRAPH = re.compile(
    r"(?:^(?=(?:haem|oestr|oesoph|foet|paed|oedem|aet|aesth|caes|faec|anaem|anaesth)|.*(?:aemia|rrhoea|pnoea|paedi))|"
    r"^(?=archaeo|manoeuv|.*caecum))"
)
_SINGLE = {
    "licence": "license",
    "licences": "licenses",
    "defence": "defense",
    "defences": "defenses",
    "offence": "offense",
    "offences": "offenses",
    "pretence": "pretense",
    "practise": "practice",
    "practised": "practiced",
    "practising": "practicing",
    "grey": "gray",
    "aluminium": "aluminum",
    "mould": "mold",
    "moulds": "molds",
    "plough": "plow",
    "ploughs": "plows",
    "programme": "program",
    "programmes": "programs",
    "catalogue": "catalog",
    "analogue": "analog",
    "cheque": "check",
    "tyre": "tire",
    "tyres": "tires",
    "judgement": "judgment",
    "ageing": "aging",
    "sceptic": "skeptic",
    "sceptical": "skeptical",
    "artefact": "artifact",
    "artefacts": "artifacts",
    "fulfil": "fulfill",
    "enrol": "enroll",
    "skilful": "skillful",
    "storey": "story",
    "whilst": "while",
}


def americanise(word: str) -> str:
    """Return a lower-case word in American spelling, or as it is."""
    if word in _SINGLE:
        return _SINGLE[word]
    word = _OUR.sub(r"\1or", word)
    word = _RE.sub(_turn_er, word)
    if not word.startswith(("prec", "conc")):
        word = _ISE.sub(r"\1iz\2", word)
    word = _YSE.sub(r"\1yz\2", word)
    word = _DOUBLE_L.sub(r"\1\2", word)
    if _DIGRAPH.match(word):
        word = word.replace("ae", "e").replace("oe", "e")
    return word.replace("sulph", "sulf")


def _turn_er(match: re.Match[str]) -> str:
    return f"{match.group(1)}er{match.group(2) or ''}"
