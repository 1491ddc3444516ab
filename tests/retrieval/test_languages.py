"""A document is found in its own language, whatever form its words have, beside documents in others."""

from __future__ import annotations

import re

import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.lexical.languages import LANGUAGES, UNKNOWN, find_language

# Of each language a passage of two sentences, and a query with a word of it in another form.
INFLECTED = {
    "ar": (
        "تحول النباتات ضوء الشمس إلى طاقة كيميائية. هذه العملية تحدث في الأوراق الخضراء من النبات.",
        "طاقات كيميائي",
    ),
    "ca": (
        "Les plantes que reben llum del sol produeixen sucre. Això és el que fan les fulles amb la clorofil·la.",
        "fulla",
    ),
    "cs": ("Rostliny jsou organismy, které přeměňují světlo na energii. Buňky se také dělí při růstu.", "rostlina"),
    "da": (
        "Planterne omdanner lys til energi, og det sker i bladene efter regn. De bruger også vand af jorden.",
        "plante",
    ),
    "de": (
        "Die Pflanzen wandeln das Licht in Energie um. Die Zellwände sind bei der Teilung der Zellen wichtig.",
        "Zellwand",
    ),
    "el": ("Τα φυτά μετατρέπουν το φως σε ενέργεια. Τα κύτταρα είναι η βάση της ζωής και διαιρούνται.", "κύτταρο"),
    "en": ("Plants convert light to energy in their leaves. The cells of a plant are divided by walls.", "dividing"),
    "eo": ("La plantoj ŝanĝas la lumon al energio. La ĉeloj estas la bazo de la vivo kaj ili dividiĝas.", "ĉelo"),
    "es": (
        "Las plantas convierten la luz en energía. Las células son la base de la vida y se dividen para crecer.",
        "célula",
    ),
    "et": ("Taimed muudavad valguse energiaks. Rakud on elu alus ja nad jagunevad, kui taim kasvab.", "rakkude"),
    "eu": (
        "Landareek argia energia bihurtzen dute. Zelulak bizitzaren oinarria dira eta zatitu egiten dira.",
        "zelulen",
    ),
    "fa": ("گیاهان نور را به انرژی تبدیل می‌کنند. یاخته‌ها در برگ‌ها هستند و این فرایند به آب نیاز دارد.", "گیاه"),
    "fi": (
        "Kasvit muuttavat valon energiaksi, ja se tapahtuu lehdissä. Solut ovat elämän perusta, joka on vanha.",
        "solujen",
    ),
    "fr": (
        "Les plantes transforment la lumière en énergie. Les cellules sont la base de la vie et elles se divisent.",
        "cellule",
    ),
    "ga": (
        "Is iad na plandaí a dhéanann fuinneamh as an solas. Tá na cealla sa duilleog agus tá siad an-bheag.",
        "fuinnimh",
    ),
    "hi": ("पौधे प्रकाश को ऊर्जा में बदलते हैं। कोशिकाओं का विभाजन जीवन के लिए आवश्यक है।", "कोशिका"),
    "hu": ("A növények a fényt energiává alakítják. A sejtek az élet alapjai, és ezek osztódnak is.", "növény"),
    "hy": ("Բույսերը լույսը վերածում են էներգիայի։ Բջիջները կյանքի հիմքն են և բաժանվում են։", "վերածել"),
    "id": (
        "Tumbuhan mengubah cahaya menjadi energi yang dipakai untuk hidup. Sel adalah dasar dari kehidupan ini.",
        "ubah",
    ),
    "it": ("Le piante trasformano la luce in energia. Le cellule sono la base della vita e si dividono.", "cellula"),
    "lt": (
        "Augalai šviesą paverčia energija. Ląstelės yra gyvybės pagrindas ir jos dalijasi, kai augalas auga.",
        "ląstelė",
    ),
    "ne": ("बिरुवाले प्रकाशलाई ऊर्जामा बदल्छ। यो प्रक्रिया पातहरूमा हुन्छ र यसको लागि पानी पनि चाहिन्छ।", "पात"),
    "nl": (
        "De planten zetten het licht om in energie. De cellen zijn de basis van het leven en delen zich.",
        "delende cel",
    ),
    "no": (
        "Plantene gjør lys om til energi, og det skjer i bladene etter regn. De bruker også vann, men noe blir igjen.",
        "plante",
    ),
    "pl": ("Rośliny zamieniają światło w energię. Komórki są podstawą życia i dzielą się, jak każdy wie.", "komórka"),
    "pt": ("As plantas transformam a luz em energia. As células são a base da vida e também se dividem.", "célula"),
    "ro": ("Plantele transformă lumina în energie. Celulele sunt baza vieții și se divid pentru a crește.", "celulă"),
    "ru": ("Растения превращают свет в энергию. Клетки — это основа жизни, и они делятся при росте.", "растение"),
    "sr": ("Биљке претварају светлост у енергију. Ћелије су основа живота и оне се деле када биљка расте.", "ћелија"),
    "st": (
        "Limela li fetola leseli hore e be matla. Ke ka hona lisele e leng motheo oa bophelo, empa ha li bonahale.",
        "fetolile",
    ),
    "sv": (
        "Växterna omvandlar ljus till energi, och det sker i bladen. Cellerna är grunden för livet men också små.",
        "växt",
    ),
    "ta": ("தாவரங்கள் ஒளியை ஆற்றலாக மாற்றுகின்றன. இது ஒரு முக்கிய செயல் மற்றும் இந்த செல்கள் சிறியவை.", "தாவரம்"),
    "tr": (
        "Bitkiler ışığı enerjiye dönüştürür ve bu çok önemli bir olaydır. Hücreler yaşamın temeli olarak bölünür.",
        "hücre",
    ),
    "yi": ("די געוויקסן מאַכן פֿון ליכט ענערגיע. די צעלן זענען דער יסוד פֿון לעבן און זיי טיילן זיך.", "צעל"),
}
SPACELESS = {
    "Chinese": ("植物利用光合作用将光能转化为化学能。", ["光合作用", "化学", "光"]),
    "Japanese": ("植物は光合成によって光をエネルギーに変える。", ["光合成", "エネルギー", "光"]),
    "Thai": ("พืชเปลี่ยนแสงเป็นพลังงานและสร้างน้ำตาล", ["พลังงาน", "น้ำตาล", "แสง", "น้ำ"]),
    "Lao": ("ພືດປ່ຽນແສງເປັນພະລັງງານ", ["ພະລັງງານ", "ແສງ"]),
    "Khmer": ("រុក្ខជាតិបំប្លែងពន្លឺទៅជាថាមពល", ["ថាមពល", "ពន្លឺ"]),
    "Burmese": ("အပင်များသည် အလင်းကို စွမ်းအင်အဖြစ် ပြောင်းလဲသည်", ["စွမ်းအင်", "အလင်း"]),
    "Korean": ("식물은 빛을 에너지로 바꾼다. 물은 뿌리로 들어간다.", ["에너지", "식물", "물"]),
}
UNSTEMMED = {
    "Vietnamese": ("Thực vật biến ánh sáng thành năng lượng.", "năng lượng"),
    "Hebrew": ("הצמחים ממירים אור לאנרגיה", "הַצְּמָחִים"),
    "Ukrainian": ("Рослини перетворюють світло на енергію", "світло"),
    "Amharic": ("ተክሎች ብርሃንን ወደ ኃይል ይለውጣሉ", "ብርሃንን"),
    "Bengali": ("উদ্ভিদ আলোকে শক্তিতে রূপান্তর করে", "শক্তিতে"),
}


@pytest.fixture(scope="module")
def library() -> LexicalIndex:
    """One tenant's documents, one a language."""
    index = LexicalIndex(InMemoryStorage())
    texts = {code: text for code, (text, _) in INFLECTED.items()}
    texts |= {name: text for name, (text, _) in (SPACELESS | UNSTEMMED).items()}
    for name, text in texts.items():
        index.build(tenant="alice", version_id=name, texts=[text])
    return index


def find_best(index: LexicalIndex, query: str) -> str:
    versions = [*INFLECTED, *SPACELESS, *UNSTEMMED]
    found = index.score(query, tenants=["alice"], versions=versions)
    return found.versions[int(found.scores.argmax())] if found.scores.any() else ""


def test_every_language_that_can_be_stemmed_is_tried() -> None:
    assert INFLECTED.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("code", INFLECTED)
def test_the_language_of_a_passage_is_known_by_its_function_words(code: str) -> None:
    assert find_language([INFLECTED[code][0]]) == code


@pytest.mark.parametrize("code", INFLECTED)
def test_a_word_is_found_in_another_form_than_the_passage_has(library: LexicalIndex, code: str) -> None:
    text, query = INFLECTED[code]
    assert not {word.lower() for word in query.split()} & set(re.findall(r"[^\s.,]+", text.lower()))
    assert library.score(query, tenants=["alice"], versions=[code]).scores[0] > 0


@pytest.mark.parametrize(("name", "query"), [(name, query) for name, (_, all_) in SPACELESS.items() for query in all_])
def test_words_are_found_where_no_space_sets_them_apart(library: LexicalIndex, name: str, query: str) -> None:
    found = library.score(query, tenants=["alice"], versions=[name])
    assert found.scores[0] > 0


@pytest.mark.parametrize(("name", "query"), [(name, query) for name, (_, query) in UNSTEMMED.items()])
def test_a_language_without_a_stemmer_is_found_by_its_words_as_they_are(
    library: LexicalIndex, name: str, query: str
) -> None:
    assert find_best(library, query) == name


def test_documents_of_two_languages_are_searched_side_by_side() -> None:
    index = LexicalIndex(InMemoryStorage())
    english = ["The cell divides.", "Walls surround the cells of plants, and they are thick.", "The plant grows."]
    german = [
        "Die Zelle teilt sich.",
        "Zellwände sind bei den Pflanzen dick, und sie sind fest.",
        "Die Pflanze wächst.",
    ]
    index.build(tenant="alice", version_id="english", texts=english)
    index.build(tenant="alice", version_id="german", texts=german)
    for query, version, ordinal in [
        ("Wie dick ist die Zellwand einer Pflanze?", "german", 1),
        ("Which wall surrounds the cell of a plant?", "english", 1),
        ("Wachsen Pflanzen?", "german", 2),
    ]:
        found = index.score(query, tenants=["alice"], versions=["english", "german"])
        row = int(found.scores.argmax())
        assert (found.versions[row // 3], row % 3) == (version, ordinal), query
    assert found.languages == {"english": ("en",), "german": ("de",)}


def test_a_segment_too_short_to_tell_has_the_language_of_those_before() -> None:
    index = LexicalIndex(InMemoryStorage())
    where = {"tenant": "alice", "version_id": "book"}
    index.add(**where, first_ordinal=0, texts=[INFLECTED["de"][0]] * 3)
    index.add(**where, first_ordinal=3, texts=["Chloroplasten"])
    index.finish(**where, passages=4)
    found = index.score("Chloroplast", tenants=["alice"], versions=["book"])
    assert found.languages == {"book": ("de",)}
    assert found.scores.argmax() == 3


def test_a_book_that_changes_its_language_is_found_in_both() -> None:
    index = LexicalIndex(InMemoryStorage())
    where = {"tenant": "alice", "version_id": "book"}
    for first, code in enumerate(("de", "fr")):
        index.add(**where, first_ordinal=first, texts=[INFLECTED[code][0]])
    for _ in range(2):
        found = index.score("cellule Zellwand", tenants=["alice"], versions=["book"])
        assert found.languages == {"book": ("de", "fr")}
        assert found.scores.min() > 0
        index.finish(**where, passages=2)


def test_much_text_of_no_known_language_is_told_from_a_few_words() -> None:
    vietnamese = "Thực vật biến ánh sáng thành năng lượng để sinh trưởng và phát triển trên mặt đất. "
    assert find_language([vietnamese * 10]) == UNKNOWN
    assert find_language(["Table 3.1", "12.5 13.7"]) == find_language([]) == find_language([""]) == ""
    assert find_language([SPACELESS["Chinese"][0] * 100]) == ""


def test_a_language_is_known_whatever_else_stands_in_the_text() -> None:
    german = INFLECTED["de"][0] + " Enzyme activity was measured. " + "12,5 17,3 | 99 " * 40
    assert find_language([german] * 50) == "de"
