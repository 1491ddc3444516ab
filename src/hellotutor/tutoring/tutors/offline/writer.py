"""Questions from the text itself: the most telling sentence of each region, turned round by grammar and checked."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from hellotutor.tutoring.tutors.base import DraftQuestion, Evidence, Excerpt, Kind
from hellotutor.tutoring.tutors.offline.candidates import Candidate, Candidates
from hellotutor.tutoring.tutors.offline.checks import is_fair, is_near_duplicate
from hellotutor.tutoring.tutors.offline.distractors import Distractors
from hellotutor.tutoring.tutors.offline.eligibility import is_english
from hellotutor.tutoring.tutors.offline.parser import Parser
from hellotutor.tutoring.tutors.offline.references import Reader
from hellotutor.tutoring.tutors.offline.salience import Salience
from hellotutor.tutoring.tutors.offline.sketches import Sketch
from hellotutor.tutoring.tutors.offline.sketching import Sketcher
from hellotutor.tutoring.tutors.offline.words import stems_of, words_of

PARSED_PER_REGION = 24
SECOND_LOOK_PARSED = 96
_QUALITY_MIN = 0.72
# Of five questions: three short answers, one multiple choice, one cloze; the seed turns the wheel.
_WHEEL = (Kind.SHORT_ANSWER, Kind.MULTIPLE_CHOICE, Kind.SHORT_ANSWER, Kind.CLOZE, Kind.SHORT_ANSWER)
_WANTED_BONUS = 0.22
_OVER_PENALTY = 0.5
_OTHERS_SHARE = 0.2  # of all questions, each of the two other kinds
_CONCEPT_MIN = 0.25
_CHANCE = 0.15  # of quality: among questions about as good, the seed chooses
_NAMES_PENALTY = 0.2  # who somebody is tells less of what a book says


@dataclass(frozen=True, slots=True)
class _Written:
    """A sketch with the sentence that it came from."""

    sketch: Sketch
    candidate: Candidate
    quality: float


class QuestionWriter:
    """Writes questions from excerpts; holds nothing between calls but the parser."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def write_questions(
        self, excerpts: Sequence[Excerpt], count: int, *, avoid: Collection[str] = (), seed: int = 0
    ) -> Iterator[DraftQuestion]:
        """Yield up to `count` questions; see `Tutor.write_questions`."""
        if excerpts and is_english(excerpts):
            yield from _Writing(self._parser, excerpts, count, avoid, seed).questions()


class _Writing:
    """One call's state: what was asked, and what is still to be asked."""

    def __init__(
        self, parser: Parser, excerpts: Sequence[Excerpt], count: int, avoid: Collection[str], seed: int
    ) -> None:
        self._count, self._seed = count, seed
        self._rng = random.Random(seed)  # noqa: S311 (chooses questions, not secrets)
        self._salience = Salience(excerpts)
        self._sketcher = Sketcher(parser, self._salience, Reader(excerpts))
        self._candidates = Candidates(excerpts, self._salience, avoid, self._rng)
        self._distractors = Distractors(excerpts, self._salience, parser)
        self._order = {(one.version_id, one.ordinal): index for index, one in enumerate(excerpts)}
        self._avoided_stems = [stems_of(words_of(quote)) for quote in sorted(avoid)]
        self._avoided_prompts = self._sketcher.prompts_of(sorted(avoid))
        self._asked: list[set[str]] = []
        self._concepts: set[str] = set()
        self._kinds: Counter[Kind] = Counter()
        self._used: set[int] = set()

    def questions(self) -> Iterator[DraftQuestion]:
        """Yield the questions in the order of the document, and last those of a second look where it held too few."""
        regions = self._candidates.regions(self._count)
        yielded = 0
        for number, region in enumerate(regions):
            due = (number + 1) * self._count // len(regions) - yielded
            drafts = sorted(self._best_of(region.find(), due), key=self._place_of)
            yielded += len(drafts)
            yield from drafts
        if yielded < self._count:
            rest = self._candidates.find_all(self._used)[:SECOND_LOOK_PARSED]
            yield from sorted(self._best_of(rest, self._count - yielded), key=self._place_of)

    def _place_of(self, draft: DraftQuestion) -> tuple[int, int]:
        """Return where a question's evidence stands among the excerpts: positions start anew in each document."""
        excerpt = draft.evidence.excerpt
        return self._order[excerpt.version_id, excerpt.ordinal], draft.evidence.start

    def _best_of(self, region: Sequence[Candidate], due: int) -> list[DraftQuestion]:
        """Return the best questions of a region, at most `due`, each from another passage."""
        most = min(len(region), PARSED_PER_REGION * due)
        written = [one for start in range(0, most, 24) for one in self._write(region[start : min(most, start + 24)])]
        drafts: list[DraftQuestion] = []
        used: set[int] = set()
        while len(drafts) < due and written:
            wanted = _WHEEL[(len(self._asked) + self._seed) % len(_WHEEL)]
            best = max(written, key=lambda one: self._rank(one, wanted))
            written.remove(best)
            draft = None if best.candidate.index in used else self._finish(best)
            if draft:
                self._used.add(best.candidate.index)
                used.update(range(best.candidate.index - 1, best.candidate.index + 2))
                drafts.append(draft)
        return drafts

    def _write(self, candidates: Sequence[Candidate]) -> Iterator[_Written]:
        sentences = [(one.text, one.is_case_open) for one in candidates]
        for at, sketch in self._sketcher.sketch(sentences):
            candidate = candidates[at]
            quality = self._quality(sketch, candidate)
            is_whole = sketch.kind is not Kind.CLOZE or candidate.quote.lower().endswith(candidate.text.lower())
            if quality >= _QUALITY_MIN and is_whole and is_fair(sketch) and not self._was_asked(sketch, candidate):
                yield _Written(sketch, candidate, quality)

    def _was_asked(self, sketch: Sketch, candidate: Candidate) -> bool:
        """Say whether an earlier call may have asked this, or asked about a sentence that says the same."""
        if sketch.prompt.lower() in self._avoided_prompts:
            return True
        return is_near_duplicate(stems_of(words_of(candidate.quote)), self._avoided_stems)

    def _quality(self, sketch: Sketch, candidate: Candidate) -> float:
        weight = self._salience.of_text(sketch.concept)
        if weight < _CONCEPT_MIN:
            return 0.0
        is_headed = bool(stems_of(words_of(sketch.concept)) & candidate.heading_stems)
        length = len(sketch.prompt.split()) / 100 + len(sketch.answer.split()) / 200
        names = _NAMES_PENALTY * sketch.prompt.startswith(("Who is", "Who was", "By whom", "In what year"))
        return (
            sketch.quality
            - names
            + 0.4 * (weight - 0.4)
            + 0.1 * is_headed
            - 0.5 * length
            + _CHANCE * self._rng.random()
        )

    def _rank(self, written: _Written, wanted: Kind) -> float:
        kind = written.sketch.kind
        is_over = kind is not Kind.SHORT_ANSWER and self._kinds[kind] > _OTHERS_SHARE * len(self._asked)
        return written.quality + _WANTED_BONUS * (kind is wanted) - _OVER_PENALTY * is_over

    def _finish(self, written: _Written) -> DraftQuestion | None:
        sketch, candidate = written.sketch, written.candidate
        stems = stems_of(words_of(f"{sketch.prompt} {sketch.answer}"))
        concept = sketch.concept.lower()
        if concept in self._concepts or is_near_duplicate(stems, self._asked):
            return None
        choices: tuple[str, ...] = ()
        answer = sketch.answer
        if sketch.kind is Kind.MULTIPLE_CHOICE:
            choices = self._choices(written)
            if not choices:
                return None
            answer = sketch.answer[:1].upper() + sketch.answer[1:]
        self._asked.append(stems)
        self._kinds[sketch.kind] += 1
        self._concepts.add(concept)
        return DraftQuestion(
            kind=sketch.kind,
            prompt=sketch.prompt,
            answer=answer,
            key_points=sketch.key_points,
            evidence=Evidence(candidate.excerpt, candidate.start, candidate.end),
            concept=sketch.concept,
            difficulty=_difficulty(sketch, self._salience),
            choices=choices,
        )

    def _choices(self, written: _Written) -> tuple[str, ...]:
        """Return four choices with the key where the seed and the question's number put it."""
        sketch = written.sketch
        if sketch.key is None:
            return ()
        answer = sketch.answer[:1].upper() + sketch.answer[1:]
        wrong = self._distractors.choose(sketch.key, answer, sketch.prompt, written.candidate.index, self._rng)
        if not wrong:
            return ()
        at = (self._seed + 3 * len(self._asked)) % (len(wrong) + 1)
        return (*wrong[:at], answer, *wrong[at:])


def _difficulty(sketch: Sketch, salience: Salience) -> float:
    """Longer answers, rarer concepts and free recall are harder; in [0.1, 0.95]."""
    base = {Kind.MULTIPLE_CHOICE: 0.25, Kind.CLOZE: 0.4, Kind.SHORT_ANSWER: 0.4}[sketch.kind]
    length = min(1.0, len(sketch.answer.split()) / 30)
    rarity = 1 - salience.of_text(sketch.concept)
    return round(min(0.95, max(0.1, base + 0.35 * length + 0.2 * rarity)), 2)
