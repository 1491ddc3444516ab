"""A small textbook, made for the tests of the question writer."""

from hellotutor.core.sentences import split_sentences
from hellotutor.tutoring.tutors.base import Excerpt

CHAPTERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("The Cell", "Membranes"),
        "A plasma membrane is a phospholipid bilayer that separates the content of a cell from its surroundings. "
        "Cells need a plasma membrane because proteins in the bilayer control the passage of nutrients and wastes. "
        "It also has pores.",
    ),
    (
        ("The Cell", "Transport"),
        "Osmosis is the movement of water through a semipermeable membrane towards a higher concentration of solutes. "
        "Diffusion is a passive process in which molecules move from a crowded region to an emptier region. "
        "The taking in of large particles by a cell is called phagocytosis.",
    ),
    (
        ("Energy", "Respiration"),
        "Glycolysis is the breakdown of glucose into two molecules of pyruvate in the cytoplasm. "
        "Fermentation is the regeneration of electron carriers by an organism that lacks oxygen. "
        "However, mitochondria produce most of the energy that a muscle cell spends during exercise.",
    ),
    (
        ("Energy", "Photosynthesis"),
        "Photosynthesis is the conversion of carbon dioxide and water into sugar by plants in sunlight. "
        "Leaves look green because chlorophyll reflects green wavelengths and absorbs red wavelengths. "
        "Transpiration is the loss of water vapor from leaves through pores called stomata.",
    ),
    (
        ("Inheritance", "Cell division"),
        "Mitosis is the division of a nucleus into two identical nuclei before a body cell splits. "
        "Meiosis is the division of a germ cell into four gametes with half the chromosomes. "
        "The nucleotides of DNA consist of a sugar, a phosphate group, and a nitrogenous base.",
    ),
    (
        ("Inheritance", "Mendel"),
        "In 1866, Gregor Mendel published a study of heredity in garden peas at Brno. "
        "Gregor Mendel, an Augustinian monk who bred peas in a monastery garden, counted every offspring by hand.",
    ),
)


def excerpts_of(chapters: tuple[tuple[tuple[str, ...], str], ...] = CHAPTERS) -> list[Excerpt]:
    """One passage a chapter, every sentence whole on its page."""
    excerpts = []
    for ordinal, (headings, text) in enumerate(chapters):
        spans = tuple(split_sentences(text))
        place = ordinal / len(chapters)
        on_one_page = (True,) * len(spans)
        excerpts.append(Excerpt(ordinal, ordinal, "Biology", 1, text, spans, headings, ordinal + 1, place, on_one_page))
    return excerpts


def excerpt_of(text: str, *headings: str) -> list[Excerpt]:
    """One passage alone."""
    return excerpts_of(((headings, text),))
