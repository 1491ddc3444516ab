"""How well the offline grader agrees with people: SemEval-2013 task 7, whole modules and whole questions held out.

`script/bench grading` prints JSON; the folder of `--data` holds `grading/3way` (the environment variable
HELLOTUTOR_SHARED_DATA by default). `--fit` prints the coefficients of `short_answers` instead, fitted on the tuning
part.

The split, by rule: modules in alphabetical order, every third from the first is held out whole; in the other modules
every fifth question is held out; the rest is for tuning. The data's answers are CC BY-SA 3.0 (Dzikovska et al. 2013).
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from benchmarks.shared import add_models, add_path
from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.tutoring.tutors.base import Grade, Kind, QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader
from hellotutor.tutoring.tutors.offline.short_answers import probability
from hellotutor.tutoring.tutors.offline.signals import Signals, measure
from hellotutor.tutoring.tutors.offline.words import stems_of, words_of

LABELS = ("correct", "contradictory", "incorrect")
PARTS = ("tune", "held-out questions", "held-out modules")
_TIMED = 400  # answers, evenly through the data
_CLAUSE = re.compile(r"[,;]|\b(?:because|so|and|but|which|while|when)\b")


@dataclass(frozen=True, slots=True)
class Item:
    """A learner's answer, with a question for each reference answer and the label that people gave."""

    corpus: str
    part: str
    questions: tuple[QuestionToGrade, ...]
    answer: str
    label: str


class Remembering(Embedder):
    """Embeds each text once: the same reference stands beside many answers."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, Vectors] = {}
        self.name, self.version, self.dimensions = inner.name, inner.version, inner.dimensions

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._inner.embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def load(folder: Path) -> Iterator[Item]:
    """Yield the answers of each corpus under `grading/3way`."""
    for corpus in sorted(path for path in (folder / "grading" / "3way").iterdir() if path.is_dir()):
        files = sorted(corpus.glob("*.xml"))
        modules = sorted({file.name.split("-")[0] for file in files})
        held = set(modules[::3])
        others = [file for file in files if file.name.split("-")[0] not in held]
        held_files = set(others[::5])
        for file in files:
            part = PARTS[2] if file not in others else PARTS[1] if file in held_files else PARTS[0]
            yield from read_file(file, corpus.name, part)


def read_file(file: Path, corpus: str, part: str) -> Iterator[Item]:
    """Yield the answers of one question."""
    root = ElementTree.parse(file).getroot()  # noqa: S314
    prompt = " ".join(root.findtext("questionText", "").split())
    references = [" ".join((node.text or "").split()) for node in root.iter("referenceAnswer")]
    questions = tuple(QuestionToGrade(Kind.SHORT_ANSWER, prompt, text, split_points(text), text) for text in references)
    for node in root.iter("studentAnswer"):
        yield Item(corpus, part, questions, " ".join((node.text or "").split()), node.get("accuracy", ""))


def split_points(reference: str) -> tuple[str, ...]:
    """Cut a reference into clauses of two content words or more, as key points."""
    parts = [part.strip(" ,.;") for part in _CLAUSE.split(reference)]
    return tuple(part for part in parts if len(stems_of(words_of(part))) > 1) or (reference,)


def overlap(item: Item) -> float:
    """Return the best F1 of shared stems between the answer and a reference: the lexical baseline's only feature."""
    given = stems_of(words_of(item.answer))
    scores = []
    for question in item.questions:
        expected = stems_of(words_of(question.answer))
        scores.append(2 * len(expected & given) / max(1, len(expected) + len(given)))
    return max(scores)


def fit(features: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> list[float]:
    """Fit a logistic regression (Newton's method, ridge 1 on all but the constant) and return its coefficients."""
    rows = np.column_stack([np.ones(len(features)), features])
    ridge = np.eye(rows.shape[1])
    ridge[0, 0] = 0
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weights * (labels - likely)) - ridge @ found
        curve = (rows * (weights * likely * (1 - likely))[:, None]).T @ rows + ridge
        found = found + np.linalg.solve(curve, slope)
    return [round(float(value), 2) for value in found]


def nearest(item: Item, embedder: Embedder | None) -> tuple[QuestionToGrade, Signals]:
    """Measure an answer against the reference that it is nearest to."""
    measured = [(question, measure(question, item.answer, embedder)) for question in item.questions]
    return max(measured, key=lambda pair: (pair[1].similarity, pair[1].coverage.share))


def fit_all(items: Sequence[Item], embedder: Embedder | None) -> list[float]:
    """Fit on the tuning part, each corpus weighing the same."""
    tuning = [item for item in items if item.part == PARTS[0]]
    sizes = Counter(item.corpus for item in tuning)
    features = np.array([nearest(item, embedder)[1].features for item in tuning])
    labels = np.array([item.label == LABELS[0] for item in tuning], dtype=np.float64)
    weights = np.array([len(tuning) / len(sizes) / sizes[item.corpus] for item in tuning])
    return fit(features, labels, weights)


def f1_scores(expected: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    """Return accuracy, macro F1 and weighted F1 over the labels expected."""
    found, sizes = {}, Counter(expected)
    for label in sizes:
        hits = sum(one == other == label for one, other in zip(expected, given, strict=True))
        found[label] = 2 * hits / (sizes[label] + sum(other == label for other in given))
    accuracy = sum(one == other for one, other in zip(expected, given, strict=True)) / len(expected)
    weighted = sum(found[label] * size for label, size in sizes.items()) / len(expected)
    scores = {"accuracy": accuracy, "macro_f1": sum(found.values()) / len(found), "weighted_f1": weighted}
    return {name: round(value, 3) for name, value in scores.items()}


def both_ways(items: Sequence[Item], given: Sequence[str]) -> dict[str, dict[str, float]]:
    """Score labels 3-way and, correct against the rest, 2-way."""
    expected = [item.label for item in items]
    two = [[label if label == LABELS[0] else LABELS[2] for label in labels] for labels in (expected, given)]
    return {"3-way": f1_scores(expected, given), "2-way": f1_scores(*two)}


def verdicts(items: Sequence[Item], grades: Sequence[Grade]) -> dict[str, float]:
    """Say how often each verdict is given and how often people agree with it."""
    said: dict[str, float] = {}
    agreed = decided = 0
    for verdict in (Verdict.CORRECT, Verdict.PARTIAL, Verdict.INCORRECT, Verdict.UNSURE):
        labels = [item.label for item, grade in zip(items, grades, strict=True) if grade.verdict is verdict]
        said[f"{verdict}_share"] = round(len(labels) / len(items), 3)
        if verdict is Verdict.UNSURE or not labels:
            continue
        right = sum((label == LABELS[0]) == (verdict is Verdict.CORRECT) for label in labels)
        said[f"{verdict}_precision"] = round(right / len(labels), 3)
        agreed, decided = agreed + right, decided + len(labels)
    return said | {"accuracy_when_decided": round(agreed / max(1, decided), 3)}


def forced(item: Item, embedder: Embedder | None) -> str:
    """Return the label that the grader would give if it had to choose."""
    question, signals = nearest(item, embedder)
    if signals.contradiction and signals.contradiction.is_sure:
        return LABELS[1]
    return LABELS[0] if probability(question, item.answer, signals) > 0.5 else LABELS[2]


def lexical_baseline(tuning: Sequence[Item]) -> Callable[[Item], str]:
    """Return a labeller that cuts `overlap` where 2-way macro F1 is best on the tuning part."""
    scores = [overlap(item) for item in tuning]

    def macro(cut: float) -> float:
        given = [LABELS[0] if score >= cut else LABELS[2] for score in scores]
        return both_ways(tuning, given)["2-way"]["macro_f1"]

    best = max((step / 40 for step in range(40)), key=macro)
    return lambda item: LABELS[0] if overlap(item) >= best else LABELS[2]


def best_grade(grader: OfflineGrader, item: Item) -> Grade:
    """Grade against each reference and keep the best."""
    return max((grader.grade(question, item.answer) for question in item.questions), key=lambda grade: grade.score)


def time_grades(items: Sequence[Item], embedder: Embedder | None) -> dict[str, float]:
    """Time grading on this machine, in milliseconds an answer; nothing is remembered between answers."""
    grader = OfflineGrader(embedder)
    took_ms = []
    for item in items[:: max(1, len(items) // _TIMED)]:
        start = time.perf_counter()
        grader.grade(item.questions[0], item.answer)
        took_ms.append(1000 * (time.perf_counter() - start))
    return {f"p{part}_ms": round(float(np.percentile(took_ms, part)), 1) for part in (50, 95, 99)}


def report(items: Sequence[Item], embedders: dict[str, Embedder | None]) -> dict[str, object]:
    """Score the grader and both baselines on every part of every corpus."""
    said: dict[str, object] = {}
    for corpus in sorted({item.corpus for item in items}):
        own = [item for item in items if item.corpus == corpus]
        tuning = [item for item in own if item.part == PARTS[0]]
        majority = Counter(item.label for item in tuning).most_common(1)[0][0]
        lexical = lexical_baseline(tuning)
        for part in PARTS:
            rows = [item for item in own if item.part == part]
            scores: dict[str, object] = {
                "answers": len(rows),
                "majority": both_ways(rows, [majority] * len(rows)),
                "lexical overlap": both_ways(rows, [lexical(item) for item in rows]),
            }
            for name, embedder in embedders.items():
                grader = OfflineGrader(embedder)
                scores[name] = both_ways(rows, [forced(item, embedder) for item in rows]) | {
                    "verdicts": verdicts(rows, [best_grade(grader, item) for item in rows])
                }
            said[f"{corpus}, {part}"] = scores
    return said


def main() -> None:
    """Read the arguments, then fit or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_path(parser, "--data", help_text="folder that holds `grading`")
    add_models(parser)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    items = list(load(Path(options.data)))
    minilm = MiniLMEmbedder(MiniLMConfig(options.models))
    remembering = Remembering(minilm)
    embedders: dict[str, Embedder | None] = {"offline, MiniLM": remembering, "offline, words only": None}
    if options.fit:
        said: dict[str, object] = {name: fit_all(items, embedder) for name, embedder in embedders.items()}
    else:
        minilm.load()
        said = report(items, embedders)
        said["time"] = {"offline, MiniLM": time_grades(items, minilm), "offline, words only": time_grades(items, None)}
    print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
