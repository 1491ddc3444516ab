"""A question of every kind, and forty answers as learners write them, to ten short questions like the writer's.

The rule for labelling, applied before grading: `right` says every key point in any words; `part` says at least one key
point but not all, and nothing contrary; `wrong` says none of them; `contrary` says the opposite of a key point.
"""

from hellotutor.tutoring.tutors.base import Kind, QuestionToGrade


def short(prompt: str, answer: str, key_points: tuple[str, ...], quote: str, page: int = 12) -> QuestionToGrade:
    return QuestionToGrade(Kind.SHORT_ANSWER, prompt, answer, key_points, quote, page=page)


def cloze(answer: str) -> QuestionToGrade:
    return QuestionToGrade(Kind.CLOZE, "The cell is filled by _____.", answer, (answer,), f"It is filled by {answer}.")


HOMEOSTASIS = short(
    "What is homeostasis?",
    "the ability of an organism to maintain constant internal conditions",
    ("ability of an organism", "maintain constant internal conditions"),
    "Homeostasis is the ability of an organism to maintain constant internal conditions.",
)
LORDS = short(
    "Why did the House of Lords reject perpetual copyright?",
    "because it would have left the booksellers with a monopoly over culture",
    ("left the booksellers with a monopoly", "over culture"),
    "The House of Lords rejected perpetual copyright because it would have left the booksellers with a monopoly over "
    "culture.",
)
OSMOSIS = short(
    "What is osmosis?",
    "the movement of water through a membrane from low to high solute concentration",
    ("movement of water through a membrane", "from low to high solute concentration"),
    "Osmosis is the movement of water through a membrane from low to high solute concentration.",
)
RIBOSOMES = short(
    "What do ribosomes do?",
    "they build proteins by joining amino acids in the order that the messenger RNA gives",
    ("build proteins by joining amino acids", "order that the messenger RNA gives"),
    "Ribosomes build proteins by joining amino acids in the order that the messenger RNA gives.",
)
STATUTE = short(
    "How long did the Statute of Anne protect a new book?",
    "fourteen years, renewable once if the author was alive",
    ("fourteen years", "renewable once if the author was alive"),
    "Under the Statute of Anne a new book was protected for fourteen years, renewable once if the author was alive.",
)
ARTERIES = short(
    "Why do arteries have thick walls?",
    "because they carry blood from the heart under high pressure",
    ("carry blood from the heart", "under high pressure"),
    "Arteries have thick walls because they carry blood from the heart under high pressure.",
)
MOON = short(
    "What causes the tides?",
    "the moon attracts the oceans",
    ("moon attracts the oceans",),
    "Tides rise and fall because the moon attracts the oceans.",
)
ENZYMES = short(
    "How do enzymes speed up a reaction?",
    "they lower the activation energy of the reaction",
    ("lower the activation energy",),
    "Enzymes speed up a reaction because they lower the activation energy of the reaction.",
)
CAMERA = short(
    "Why did Eastman's camera change photography?",
    "because ordinary people could take pictures without being experts",
    ("ordinary people could take pictures", "without being experts"),
    "Eastman's camera changed photography because ordinary people could take pictures without being experts.",
)
PREDATOR = short(
    "What happened to the deer after the wolves were removed?",
    "the number of deer increased and they ate most of the young trees",
    ("number of deer increased", "ate most of the young trees"),
    "After the wolves were removed the number of deer increased and they ate most of the young trees.",
)

ANSWERS: tuple[tuple[QuestionToGrade, str, str], ...] = (
    (HOMEOSTASIS, "its when an organism keeps its internal conditions constant", "right"),
    (HOMEOSTASIS, "the ability of a living thing to keep constant conditions inside", "right"),
    (HOMEOSTASIS, "an organism's ability", "part"),
    (HOMEOSTASIS, "an organism changing its internal conditions all the time so they are never constant", "contrary"),
    (LORDS, "They didnt want booksellers to have a monopoly on culture", "right"),
    (LORDS, "because the booksellers would have kept a monopoly over all of our culture for ever", "right"),
    (LORDS, "it gave booksellers a monopoly", "part"),
    (LORDS, "because the king ordered them to", "wrong"),
    (OSMOSIS, "water moving through a membrane from a low to a high concentration of solute", "right"),
    (OSMOSIS, "when water moves across a membrane to where there is more solute", "right"),
    (OSMOSIS, "the movement of water through a membrane", "part"),
    (OSMOSIS, "the movement of water through a membrane from high to low solute concentration", "contrary"),
    (RIBOSOMES, "they make proteins by joining amino acids in the order the messenger RNA says", "right"),
    (RIBOSOMES, "build protiens from amino acids following the order in messenger RNA", "right"),
    (RIBOSOMES, "join amino acids to build proteins", "part"),
    (RIBOSOMES, "they store the energy of the cell", "wrong"),
    (STATUTE, "14 years, which could be renewed once if the author was still alive", "right"),
    (STATUTE, "fourteen years and once more if the author lived", "right"),
    (STATUTE, "14 years", "part"),
    (STATUTE, "28 years", "contrary"),
    (ARTERIES, "the blood they carry from the heart is at a high pressure", "right"),
    (ARTERIES, "because they take blood away from the heart and the pressure is high", "right"),
    (ARTERIES, "because they carry blood under low pressure from the heart", "contrary"),
    (ARTERIES, "they are made of muscle", "wrong"),
    (MOON, "the moon attracts the oceans", "right"),
    (MOON, "The ocean is attracted by the moon.", "right"),
    (MOON, "the oceans attract the moon", "contrary"),
    (MOON, "the wind pushes the waves", "wrong"),
    (ENZYMES, "they lower the activation energy", "right"),
    (ENZYMES, "By reducing the activation energy that is needed", "right"),
    (ENZYMES, "they raise the activation energy of the reaction", "contrary"),
    (ENZYMES, "they make it warmer", "wrong"),
    (CAMERA, "ordinary people could now take pictures and you did not have to be an expert", "right"),
    (CAMERA, "normal people could take photos without expert knowledge", "right"),
    (CAMERA, "because ordinary people could take pictures", "part"),
    (CAMERA, "it was the first camera with a flash", "wrong"),
    (PREDATOR, "there were more deer and they ate most of the young trees", "right"),
    (PREDATOR, "The deer population increased so they ate up the young trees", "right"),
    (PREDATOR, "the number of deer increased", "part"),
    (PREDATOR, "the number of deer decreased and they ate most of the young trees", "contrary"),
)

QUESTIONS = tuple({id(question): question for question, _, _ in ANSWERS}.values())

CHOICE = QuestionToGrade(
    Kind.MULTIPLE_CHOICE,
    "Which organelle builds proteins?",
    "Ribosome",
    ("Ribosome",),
    "Ribosomes build proteins.",
    choices=("Lysosome", "Ribosome", "Golgi apparatus", "Cell wall"),
    page=7,
)
