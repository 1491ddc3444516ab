"""A session in a real browser: what the keys do, where the focus is, and what stays when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources

import pytest
from playwright.sync_api import expect
from tests.e2e.browser import PHONE_LIGHT, Mode, OpenVisit, Visit
from tests.e2e.running import Service

LOW = Mode("low", 1280, 420, "light")
_DRAFTS = "() => Object.keys(localStorage).filter((key) => key.includes('draft:'))"
_KEEP_OTHERS = """() => {
  const keep = (visitor, at) => localStorage.setItem(`draft:${visitor}:study:x:1`, JSON.stringify({ text: "x", at }));
  keep("somebody-else", Date.now());
  keep(document.body.dataset.visitor, Date.UTC(2020));
}"""
_BELOW_THE_BAR = """() => document.querySelector(".card.appear").getBoundingClientRect().top
    >= document.querySelector(".bar").getBoundingClientRect().bottom"""
_ENTER_AT_THE_GRADE = """() => document.addEventListener("htmx:afterSwap", () => {
  const grade = document.getElementById("grade");
  grade.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}, { once: true })"""


Start = Callable[..., None]


@pytest.fixture(scope="module")
def book_id(service: Service) -> str:
    """A text that can be studied."""
    sample = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")
    with resources.as_file(sample) as path:
        book = service.api("POST", "/api/v1/documents/", token=service.token(), file=path).json
    for event in service.events("GET", f"/api/v1/documents/{book['id']}/", token=service.token()):
        if event.data["status"] in ("embedding", "indexed"):
            return str(book["id"])
    raise AssertionError("the events ended before the text was read")


@pytest.fixture
def start(service: Service, book_id: str) -> Start:
    """Start a session that no other test answers, with questions to answer in words, and open it."""

    def start_one(visit: Visit) -> None:
        wanted = {"document_ids": [book_id], "count": 3, "kinds": ["short_answer"]}
        made = service.api("POST", "/api/v1/sessions/", token=service.token(), json_body=wanted)
        assert made.status == 201, made.body
        visit.go(f"/study/{made.json['id']}/")
        expect(visit.page.locator("#prompt")).to_be_visible()

    return start_one


@pytest.fixture
def learner(open_visit: OpenVisit) -> Visit:
    visit = open_visit()
    visit.sign_in()
    return visit


def skip(visit: Visit) -> None:
    visit.page.get_by_role("button", name="I don’t know").click()
    expect(visit.page.locator("#grade")).to_be_visible()


def test_the_title_follows_the_question(learner: Visit, start: Start) -> None:
    start(learner)
    expect(learner.page).to_have_title(re.compile(r"^Question 1 "))
    skip(learner)
    learner.page.wait_for_load_state("networkidle")  # the next question is here already
    learner.page.locator("[data-next]").click()
    expect(learner.page).to_have_title(re.compile(r"^Question 2 "))


def test_the_enter_of_an_answer_does_not_pass_over_its_grade(learner: Visit, start: Start) -> None:
    start(learner)
    learner.page.locator("[data-answer]").fill("a membrane")
    learner.page.evaluate(_ENTER_AT_THE_GRADE)
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#grade")).to_be_visible()
    learner.page.wait_for_timeout(700)
    expect(learner.page.locator("#grade")).to_be_visible()
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#prompt")).to_be_visible()


def test_the_focus_stays_where_it_was_when_an_answer_can_not_be_sent(learner: Visit, start: Start) -> None:
    start(learner)
    learner.is_offline_expected = True
    learner.page.locator("[data-answer]").fill("a membrane")
    send = learner.page.locator("[data-send]")
    learner.tab_to(send)
    learner.context.set_offline(True)
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#toast")).to_contain_text("connection is lost")
    expect(send).to_be_focused()
    learner.context.set_offline(False)
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#grade")).to_be_visible()


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_answer_is_refused_in_one_way_and_the_field_has_the_focus(
    text: str, learner: Visit, start: Start
) -> None:
    start(learner)
    learner.page.locator("[data-answer]").fill(text)
    learner.page.locator("[data-send]").click()
    expect(learner.page.locator("#problem [role=alert]")).to_contain_text("Write or choose an answer first")
    expect(learner.page.locator("[data-answer]")).to_be_focused()


def test_what_a_second_tab_wrote_is_shown_beside_the_answer_that_stands(learner: Visit, start: Start) -> None:
    start(learner)
    second = learner.context.new_page()
    second.goto(learner.page.url)
    learner.page.locator("[data-answer]").fill("the first words")
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#grade")).to_be_visible()
    second.locator("[data-answer]").fill("the second words")
    second.keyboard.press("Enter")
    expect(second.locator(".grade")).to_contain_text("What you wrote now: the second words")
    expect(second.locator(".answers")).to_contain_text("the first words")


def test_a_hint_leaves_the_focus_where_it_was(learner: Visit, start: Start) -> None:
    start(learner)
    prompt = learner.page.locator("#prompt")
    prompt.focus()
    learner.page.keyboard.press("h")
    expect(learner.page.locator("#told")).to_contain_text("Hint 1 of 3")
    expect(prompt).to_be_focused()
    learner.page.locator("#hint-button").click()
    expect(learner.page.locator("#told")).to_contain_text("Hint 2 of 3")
    expect(prompt).to_be_focused()
    learner.press(learner.page.locator("#hint-button"))
    expect(learner.page.locator("#told")).to_contain_text("Hint 3 of 3")
    expect(learner.page.locator("[data-answer]")).to_be_focused()  # the button is gone


def test_the_hint_says_which_key_gives_it_where_the_focus_is(learner: Visit, start: Start) -> None:
    start(learner)
    alone, writing = learner.page.locator(".key-alone"), learner.page.locator(".key-writing")
    expect(learner.page.locator("[data-answer]")).to_be_focused()
    expect(writing).to_be_visible()
    expect(alone).to_be_hidden()
    learner.page.locator("#prompt").focus()
    expect(alone).to_be_visible()
    expect(writing).to_be_hidden()
    learner.page.locator(".keys summary").click()
    learner.page.locator("[data-single-keys]").uncheck()
    expect(writing).to_be_visible()
    learner.page.locator("[data-answer]").focus()
    learner.page.keyboard.press("Alt+h")
    expect(learner.page.locator("#told")).to_contain_text("Hint 1 of 3")
    expect(learner.page.locator("[data-answer]")).to_have_value("")


def test_the_switch_for_single_keys_is_there_after_going_back(learner: Visit, start: Start) -> None:
    start(learner)
    skip(learner)
    learner.page.wait_for_load_state("networkidle")
    learner.page.locator("[data-next]").click()
    expect(learner.page.locator("#grade")).to_have_count(0)
    expect(learner.page).to_have_title(re.compile(r"^Question 2 "))
    learner.page.go_back()
    expect(learner.page.locator("#grade")).to_be_visible()
    expect(learner.page).to_have_title(re.compile(r"^Question 1 "))
    learner.page.locator(".keys summary").click()
    expect(learner.page.locator("[data-single-keys]")).to_be_visible()


def test_the_grade_and_the_next_question_are_not_under_the_bar(open_visit: OpenVisit, start: Start) -> None:
    visit = open_visit(LOW)
    visit.sign_in()
    start(visit)
    visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    skip(visit)
    assert visit.page.evaluate(_BELOW_THE_BAR)
    visit.page.wait_for_load_state("networkidle")
    visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    visit.page.locator("[data-next]").click()
    expect(visit.page.locator("#prompt")).to_be_visible()
    assert visit.page.evaluate(_BELOW_THE_BAR)


def test_return_on_a_phone_makes_a_new_line(open_visit: OpenVisit, start: Start) -> None:
    visit = open_visit(PHONE_LIGHT)
    visit.sign_in()
    start(visit)
    field = visit.page.locator("[data-answer]")
    field.tap()
    visit.page.keyboard.type("one")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.type("two")
    expect(field).to_have_value("one\ntwo")
    expect(visit.page.locator("#grade")).to_have_count(0)


def test_a_draft_is_one_persons_and_goes_when_it_is_sent(learner: Visit, start: Start) -> None:
    start(learner)
    learner.page.locator("[data-answer]").fill("my secret words")
    learner.page.reload()
    expect(learner.page.locator("[data-answer]")).to_have_value("my secret words")
    learner.page.keyboard.press("Enter")
    expect(learner.page.locator("#grade")).to_be_visible()
    assert learner.page.evaluate(_DRAFTS) == []
    learner.page.wait_for_load_state("networkidle")
    start(learner)
    learner.page.locator("[data-answer]").fill("more secret words")
    assert len(kept := learner.page.evaluate(_DRAFTS)) == 1
    learner.page.evaluate(_KEEP_OTHERS)
    learner.page.reload()
    expect(learner.page.locator("[data-answer]")).to_have_value("more secret words")
    assert learner.page.evaluate(_DRAFTS) == kept  # somebody else's, and an old one, are gone
