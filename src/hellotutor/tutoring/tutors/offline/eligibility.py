"""Which passages are the text proper, and which of their sentences can be read alone: by cheap patterns only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from hellotutor.tutoring.tutors.base import Excerpt

_ASIDE_HEADINGS = re.compile(
    r"\b(?:contents|references?|bibliograph\w*|works cited|(?:end|foot)?notes?|index|copyright page|cover|title page|"
    r"preface|foreword|acknowledge?ments?|about the (?:authors?|editors?)|about (?:openstax|this book)|dedication|"
    r"further reading|external links|see also|glossary|key (?:terms|equations)|appendix|credits|colophon|errata|"
    r"(?:review|study|discussion|practice|test) (?:questions?|problems)|exercises?|multiple choice|free response|"
    r"critical thinking|problems|solutions?|answers?(?: key)?|learning (?:objectives?|outcomes?|goals)|objectives|"
    r"art connections?|visual connections?|link to learning|additional resources|supplements?|contributors?|"
    r"list of (?:figures|tables)|abbreviations)\b",
    re.IGNORECASE,
)
_APPARATUS = re.compile(
    r"\b(?:Ibid|op\. cit|et al\.,|available at|last (?:visited|accessed)|retrieved (?:from|on)|accessed (?:on )?\w+ \d|"
    r"see generally|see also|ISBN|doi:|All rights reserved|link #\d|supra note|infra note|U\.S\.C\.|"
    r"F\. ?(?:Supp|[23]d)|Cong\.|Sess\.|University Press|L\. Rev\.)|https?:|www\.|\w+\.(?:com|org|net|edu)\b|"
    r"(?:\. ?){4,}|\(credit\b|\bcredit: |\bSee [A-Z][\w.]+ [A-Z][\w.]+,|\b\d+ U\.S\. \d+|"
    r"(?:[\w)]: |, )\d{1,3}(?:[-\u2014]\d{1,3})?(?:, \d{1,3}(?:[-\u2014]\d{1,3})?){1,}(?:[;.]|$| [A-Z])|"
    r"\b(?:pp?|vol)\. ?\d",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[|{}<>\\^~=#*_\[\]]|\u2022|::|\$\$|\.\)?\"\)|[\u2200-\u22ff]")

_LEANING_START = re.compile(
    r"(?:Examples?|An? (?:second|third|fourth|fifth|similar|further|related|final|last)|The (?:only|same))\b|"
    r"(?:It|Its|They|Their|Them|He|His|Him|She|Her|Hers|This|These|That|Those|Such|Here|There|Another|Others|Both|"
    r"Neither|Either|Each|All|Some|Many|Most|Several|Few|One|Two|Three|None|Any|Any\w+|Every\w+|Some\w+|No|Nothing|"
    r"The (?:former|latter|first|second|third|last|next|other|others|same|following|previous|above|result|reason|point|"
    r"answer|question|problem|difference|idea|case|story|fact|rest|word|term|author|book|man|woman|argument|one)|"
    r"However|Thus|But|So|And|Or|Nor|Yet|For|Then|Hence|Therefore|Moreover|Furthermore|Instead|Rather|Similarly|"
    r"Likewise|Consequently|Accordingly|Otherwise|Nevertheless|Nonetheless|Meanwhile|Indeed|Again|Also|Besides|Still|"
    r"Conversely|Alternatively|Additionally|In (?:other words|fact|addition|contrast|short|sum|particular|turn|the end|"
    r"general|part|effect|essence|any case|that|this|such|both|each|all|one)|On the (?:other|one|contrary)|"
    r"As (?:a result|such|noted|shown|described|discussed|mentioned|seen|you|we|I)|"
    r"At (?:the same|this|that|first|least)|Of course|Not|What|Why|How|Who|Whom|Whose|Which|When|Where|Whether|If|"
    r"Unlike|Like|Finally|First|Second|Third|Next|Later|Once|Even|Only|Just|Perhaps|Maybe|Now|Today|Note|Recall|"
    r"Consider|Imagine|Suppose|Remember|Think|Visit|Watch|Click|Go|Use|See|Describe|Explain|List|Define|Identify|"
    r"Discuss|Compare|Let|Look|Read|Yes|Too|Well|Or|Given|After|Before|During|Sometimes|Often|Usually|Section|Chapter|"
    r"Figure|Table|To|With)\b",
)
# After these the sentence stands as well without its first words: the prompt drops them, the quote keeps them.
_CONNECTIVE = re.compile(
    r"(?:However|Thus|Therefore|Hence|Moreover|Furthermore|Indeed|In fact|In addition|Additionally|Of course|"
    r"In general|Generally|Consequently|As a result|In short|In particular|Similarly|Nevertheless|Today|Essentially|"
    r"Basically|Overall|Typically|Again|Also|Finally), (?=[A-Za-z])|"
    r"(?:But|And|Yet|Thus|Indeed) (?=(?:[Tt]he|an?|in|by|under|[A-Z][a-z]+) )"
)
_LEANING = re.compile(
    r"\b(?:I|we|We|you|You|my|My|our|Our|us|me|your|Your|mine|ours|yours|myself|ourselves|yourself|I'[a-z]+|we'[a-z]+|"
    r"you'[a-z]+|let's|don't|can't|won't|isn't|aren't|wasn't|didn't|doesn't|it's|that's|there's|he's|she's|they're|"
    r"this|these|above|below|aforementioned|latter|former|[Ff]igures?|[Tt]ables?|chapters?|sections?|textbook|"
    r"following|previously|earlier|later|here|there|thereby|therefore|thus|however|again|recall|likewise|another|"
    r"similarly|instead|too|hence|for example|for instance|e\.g|i\.e|so-called|other words|mentioned|discussed|"
    r"yesterday|tomorrow|tonight|ago|recently|said|says|wrote|asked|told|replied|explains|explained|argues|argued|"
    r"in general|last (?:spring|summer|fall|autumn|winter|night|week|month|year)|then|else|same|as well as it|do so|"
    r"did so|doing so|does so|page|video|website|animation|image|photo\w*|diagram|module)\b|"
    r", (?:then|though|too|it turns out|of course|in fact|in turn|for instance|indeed|after all)[,.]|"
    r"\bsuch (?!as\b)|\bthose (?!who\b|that\b|of\b|with\b|in\b)|"
    r"\bthe (?:other|others|first|second|third|last|next|two|three|four|question|case|plaintiffs?|defendants?|company|"
    r"story|passage|example|above|experiment)\b(?! of\b)"
)
_BROKEN = re.compile(
    r"^\W*(?:[A-Z]{3,} ){2}|^[A-Z]{4,} [A-Z]+:|^\S+(?: \S+){0,2}: [A-Z]|[a-z]\W?\d{1,3}[.,]?(?:\s|$)|\.\.\.|\u2026|"
    r" [.,;:]|\(\s*\)|[?!]|\b(?:in|and|see|or|of|the|by|with|as shown in|to) ?[.,;)]|\w\.\w{4,}|[a-z]\d{1,3}(?:\s|$)|"
    r"\d{4,}[A-Za-z]|[a-z][A-Z]{2,}[a-z]|--|\u2014[^\u2014]*$|"
    r"[a-z]{6}[A-Z][a-z]|^((?i:[\w-]+(?: [\w-]+){0,3})) (?i:\1)\b"  # a heading run into its first sentence
)
_SHAPE = re.compile(r"[\"'(]?[A-Z][\w',/\"()-]* .*[\w)\"%']\.$")
_DROPPED = re.compile(r" ?\([^()]*\)| ?\u2014[^\u2014]{2,80}\u2014(?=[ ,;.])|(?<=[a-z][.,;])\d{1,3}(?=\s|$)")
WORDS_MIN, WORDS_MAX = 7, 40
_ENGLISH = frozenset(
    "the of and to in is are that for was were with as on be by it or from an because which has have".split()
)
_ENGLISH_SHARE = 0.15
_ENGLISH_SHARE_OF_FEW = 0.07  # a single sentence may hold hardly any
_FEW_WORDS = 60
# A heading over this much of a document names it ("Biology notes") rather than a part of it.
_TITLE_SHARE = 0.5
_LEFT_SHARE = 0.1  # of a document that must be left; where less is, its headings say nothing of what may be asked


def is_english(excerpts: Sequence[Excerpt]) -> bool:
    """Say whether the text reads as English, by the share of its commonest words (about 0.3 in English prose)."""
    step = max(1, len(excerpts) // 60)
    words = [word for excerpt in excerpts[::step] for word in re.findall(r"[^\W\d_]+", excerpt.text.lower())]
    least = _ENGLISH_SHARE if len(words) >= _FEW_WORDS else _ENGLISH_SHARE_OF_FEW
    return bool(words) and sum(word in _ENGLISH for word in words) > least * len(words)


def find_text_proper(excerpts: Sequence[Excerpt]) -> list[int]:
    """Return the places of the excerpts that no heading puts outside the text proper (notes, index, exercises …).

    A heading puts away what it covers only where that is less than half of its document's excerpts, so that no title
    and no chosen section shuts out all that is in scope.
    """
    total = Counter(excerpt.version_id for excerpt in excerpts)
    flagged = [_flagged_prefixes(excerpt) for excerpt in excerpts]
    covered = Counter(prefix for prefixes in flagged for prefix in prefixes)

    def is_part(prefix: tuple[int, tuple[str, ...]]) -> bool:
        return covered[prefix] < _TITLE_SHARE * total[prefix[0]]

    kept = {index for index, prefixes in enumerate(flagged) if not any(map(is_part, prefixes))}
    left = Counter(excerpts[index].version_id for index in kept)
    emptied = {version for version, count in total.items() if left[version] < _LEFT_SHARE * count}
    return [index for index in range(len(excerpts)) if excerpts[index].version_id in emptied or index in kept]


def _flagged_prefixes(excerpt: Excerpt) -> list[tuple[int, tuple[str, ...]]]:
    path = excerpt.heading_path
    return [(excerpt.version_id, path[: at + 1]) for at, text in enumerate(path) if _is_aside_heading(text)]


@cache
def _is_aside_heading(heading: str) -> bool:
    match = _ASIDE_HEADINGS.search(heading)
    if match is None:
        return False
    rest = heading[: match.start()] + heading[match.end() :]
    return len(re.findall(r"\w+", rest)) <= 1


def is_reading_text(excerpt: Excerpt) -> bool:
    """Say whether a passage is running prose: no citations, index lines, captions, tables or code."""
    text = excerpt.text
    if _APPARATUS.search(text):
        return False
    digits = sum(map(str.isdigit, text))
    return digits <= 0.06 * len(text) + 6


def standing_sentence(text: str) -> str | None:
    """Return a sentence fit to be asked about, trimmed for the prompt, or None.

    It is whole, declarative, neither too long nor too short, and has no word that points outside it. Parentheses,
    asides between dashes and a safe opening connective are taken out.
    """
    if not 40 <= len(text) <= 330 or text[-1] != ".":
        return None
    opening = _CONNECTIVE.match(text)
    if opening:
        text = text[opening.end()].upper() + text[opening.end() + 1 :]
    if _LEANING_START.match(text) or _LEANING.search(text) or _MARKUP.search(text):
        return None
    text = _DROPPED.sub("", text)
    if not _SHAPE.match(text) or _BROKEN.search(text) or not _is_balanced(text):
        return None
    return text if WORDS_MIN <= text.count(" ") + 1 <= WORDS_MAX else None


def _is_balanced(text: str) -> bool:
    return text.count('"') % 2 == 0 and text.count("(") == text.count(")") and text.count(";") == 0
