"""From sentences to the questions that grammar can make of them, by every pattern there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.offline import blanks, causes, definitions, enumerations, facts
from hellotutor.tutoring.tutors.offline.eligibility import standing_sentence
from hellotutor.tutoring.tutors.offline.naming import Case, case_of, lower_first, opens_with_name
from hellotutor.tutoring.tutors.offline.parser import Parser
from hellotutor.tutoring.tutors.offline.references import Reader
from hellotutor.tutoring.tutors.offline.salience import Salience
from hellotutor.tutoring.tutors.offline.sketches import Material, Sketch
from hellotutor.tutoring.tutors.offline.syntax import clause_of

if TYPE_CHECKING:
    from spacy.tokens import Doc

PATTERNS = (
    definitions.define,
    definitions.name,
    definitions.mean,
    definitions.identify,
    causes.explain,
    causes.do_by,
    causes.have_effect,
    causes.be_used,
    causes.aim,
    enumerations.enumerate_parts,
    facts.ask_subject,
    facts.ask_object,
    facts.ask_complement,
    facts.ask_agent,
    facts.ask_year,
    facts.ask_deed,
    facts.ask_number,
    blanks.blank,
)


class Sketcher:
    """Sketches questions from the sentences of one document."""

    def __init__(self, parser: Parser, salience: Salience, reader: Reader) -> None:
        self._parser, self._salience, self._reader = parser, salience, reader

    def sketch(self, sentences: Sequence[tuple[str, bool]]) -> Iterator[tuple[int, Sketch]]:
        """Yield each question with the place of its sentence.

        Args:
            sentences: see `Candidate.text` and `Candidate.is_case_open`.
        """
        for at, doc in enumerate(self._parse(sentences)):
            clause = clause_of(doc)
            if clause is not None:
                material = Material(clause, self._salience, self._reader)
                yield from ((at, sketch) for pattern in PATTERNS for sketch in pattern(material))

    def prompts_of(self, quotes: Sequence[str]) -> frozenset[str]:
        """Return, in lower case, every question that may have been asked about these sentences."""
        texts = [text for text in map(standing_sentence, quotes) if text]
        cases = [case_of(text, self._salience) for text in texts]
        sentences = [
            (lower_first(text) if case is Case.LOWER else text, case is Case.OPEN)
            for text, case in zip(texts, cases, strict=True)
        ]
        return frozenset(sketch.prompt.lower() for _, sketch in self.sketch(sentences))

    def _parse(self, sentences: Sequence[tuple[str, bool]]) -> list[Doc]:
        """Parse sentences; one that opens with what turns out to be no name is parsed again without its capital."""
        docs = list(self._parser.parse([text for text, _ in sentences]))
        common = [at for at, (_, is_open) in enumerate(sentences) if is_open and not opens_with_name(docs[at])]
        again = self._parser.parse([lower_first(sentences[at][0]) for at in common])
        for at, doc in zip(common, again, strict=True):
            docs[at] = doc
        return docs
