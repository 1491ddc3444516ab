"""The whole story through the pages in a real browser, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.browser import DESKTOP_LIGHT, PHONE_DARK, Mode, OpenVisit, Visit
from tests.e2e.running import Service

QUESTIONS = 6
READ_MS, REPLY_MS, READ_GRADE_MS = 90_000, 60_000, 700


def main(page: Page) -> Locator:
    return page.locator("#main")


def add_sample(visit: Visit) -> None:
    visit.go("/")
    visit.press(visit.page.get_by_role("button", name="Try the sample chapter"))
    expect(visit.page).to_have_url(re.compile(r"/documents/[0-9a-f-]{36}/"))


def upload(visit: Visit, file: Path) -> None:
    """Choose a file in the browser's own dialog, opened by a key.

    The way to the field is gone while the chooser is expected already: Chromium doesn't say when it has begun to
    intercept the dialog, and an Enter sent at once can overtake that, open a dialog that no screen shows and see it
    cancelled. The questions that `tab_to` asks of the page are answered after it.
    """
    visit.go("/")
    with visit.page.expect_file_chooser() as opened:
        visit.press(visit.page.locator("#file"))
    opened.value.set_files(file)
    expect(visit.page).to_have_url(re.compile(r"/documents/[0-9a-f-]{36}/"), timeout=READ_MS)


def start_studying(visit: Visit, count: int = QUESTIONS) -> None:
    """Start as soon as the page offers it, which is before everything is read."""
    field = visit.page.get_by_label("How many questions?")
    expect(field).to_be_visible(timeout=READ_MS)
    visit.tab_to(field)
    visit.page.keyboard.press("Control+a")
    visit.page.keyboard.type(str(count))
    visit.press(main(visit.page).get_by_role("button", name="Start", exact=True))
    expect(visit.page).to_have_url(re.compile(r"/study/[0-9a-f-]{36}/"), timeout=READ_MS)
    expect(visit.page.locator("#prompt")).to_be_visible()


def ask_for_hint(visit: Visit) -> None:
    visit.page.keyboard.press("Alt+h")
    expect(visit.page.get_by_text("Hint 1 of 3", exact=True)).to_be_visible()


def answer(visit: Visit, done: list[str]) -> None:
    """Answer the question at hand: without knowing once, then in whatever way it asks for."""
    page = visit.page
    if page.locator("[data-key]").count():
        page.locator("#prompt").focus()
        page.keyboard.press("2")
        expect(page.locator("[data-key='2']")).to_be_checked()
        page.keyboard.press("Enter")
        done.append("choice")
    elif "text" in done and "skip" not in done:
        visit.press(page.get_by_role("button", name="I don’t know"))
        done.append("skip")
    else:
        visit.tab_to(page.locator("#answer-text"))
        page.keyboard.type("it strengthens the memory")
        if page.evaluate("matchMedia('(pointer: coarse)').matches"):  # there Enter makes another line
            visit.press(page.get_by_role("button", name="Answer", exact=True))
        else:
            page.keyboard.press("Enter")
        done.append("text")
    expect(page.locator("#grade")).to_be_visible()
    expect(page.locator("#grade")).to_be_focused()
    expect(page.locator("blockquote.quote").first).not_to_be_empty()


def go_on(visit: Visit) -> None:
    visit.page.wait_for_timeout(READ_GRADE_MS)  # an Enter that comes at once is taken for a slip
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#grade")).to_have_count(0)
    expect(visit.page.locator("#prompt")).to_be_visible()


def open_evidence_and_come_back(visit: Visit) -> None:
    page = visit.page
    quote = page.locator("blockquote.quote").first.inner_text().split("\n")[0]
    told = page.locator("#grade").inner_text()
    visit.press(page.locator(".grade a[href*='/pages/']").first)
    expect(page).to_have_url(re.compile(r"/pages/\d+/"))
    marked = " ".join("".join(page.locator("mark").all_text_contents()).split())
    assert marked and marked[:20] in " ".join(quote.split())
    page.go_back()
    expect(page.locator("#grade")).to_have_text(told, use_inner_text=True)


def judge(visit: Visit) -> None:
    """Judge an answer that the tutor was unsure about; object to any other grade."""
    page = visit.page
    own = page.locator("form.judge").get_by_role("button", name="Correct", exact=True)
    if own.count():
        visit.press(own)
        expect(page.get_by_text("You judged this answer yourself")).to_be_visible()
        return
    visit.press(page.get_by_text("I disagree with this grade"))
    visit.press(page.locator(".contest input[name=verdict]").first, "ArrowRight")
    visit.press(page.get_by_role("button", name="Keep my objection"))
    expect(page.locator("#grade")).to_contain_text("Contested")


def leave_and_resume(visit: Visit) -> None:
    visit.press(visit.page.get_by_role("link", name="Leave"))
    expect(visit.page).to_have_url(re.compile(r"/study/$"))
    visit.press(visit.page.get_by_role("link", name=re.compile("^Go on")).first)
    expect(visit.page.locator("#prompt")).to_be_visible()


def finish_and_see_insights(visit: Visit) -> None:
    visit.press(visit.page.get_by_role("button", name="Finish now"))
    expect(visit.page.locator("#done")).to_be_visible()
    visit.press(visit.page.get_by_role("link", name="See your insights"))
    expect(visit.page).to_have_url(re.compile(r"/insights/[0-9a-f-]{36}/"))
    expect(main(visit.page)).to_contain_text("You answered")


def chat_and_open_citation(visit: Visit) -> None:
    page = visit.page
    visit.press(page.get_by_role("navigation", name="Main").get_by_role("link", name="Chat"))
    ask(visit, "What is retrieval practice?")
    cite = page.locator("#log a.cite[href]").first
    expect(cite).to_be_visible(timeout=REPLY_MS)
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    visit.press(cite)
    visit.press(page.locator(".is-chosen").get_by_role("link", name="Open the page"))
    expect(page).to_have_url(re.compile(r"/pages/\d+/"))
    expect(page.locator("mark").first).to_be_attached()
    page.go_back()
    expect(page.locator("#log a.cite[href]").first).to_be_attached()


def ask(visit: Visit, message: str) -> None:
    visit.tab_to(visit.page.locator("#message"))
    visit.page.keyboard.type(message)
    visit.press(visit.page.get_by_role("button", name="Send"))  # on a phone Enter makes another line


def use_account(visit: Visit) -> None:
    page = visit.page
    visit.press(page.get_by_role("navigation", name="Main").get_by_role("link", name="Account"))
    visit.tab_to(page.get_by_label("What is it for?"))
    page.keyboard.type("a script")
    visit.press(page.get_by_role("button", name="Make the token"))
    token = page.get_by_label("Token", exact=True).input_value()
    assert visit.service.api("GET", "/api/v1/documents/", token=token).status == 200
    visit.says_yes = True
    visit.press(page.get_by_role("button", name="Revoke a script"))
    expect(page.get_by_role("button", name="Revoke a script")).to_have_count(0)
    assert visit.service.api("GET", "/api/v1/documents/", token=token).status == 401
    visit.press(page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "mode", [DESKTOP_LIGHT, pytest.param(PHONE_DARK, marks=pytest.mark.slow)], ids=lambda mode: mode.name
)
def test_the_whole_story_by_keyboard(mode: Mode, open_visit: OpenVisit, run_service: Callable[..., Service]) -> None:
    visit = open_visit(mode, at=run_service())
    visit.sign_in()
    add_sample(visit)
    start_studying(visit)
    ask_for_hint(visit)
    done: list[str] = []
    while len(done) < 3:
        answer(visit, done)
        if len(done) == 1:
            open_evidence_and_come_back(visit)
        if done[-1] != "skip" and len(done) < 3:
            judge(visit)
            visit.page.locator("#grade").focus()
        go_on(visit)
    assert set(done) >= {"text", "skip"}
    leave_and_resume(visit)
    finish_and_see_insights(visit)
    chat_and_open_citation(visit)
    use_account(visit)


def test_a_book_is_chosen_by_keyboard_and_studied_while_it_is_read(open_visit: OpenVisit, shared_data: Path) -> None:
    visit = open_visit()
    visit.sign_in()
    upload(visit, shared_data / "books" / "freeculture.pdf")
    expect(visit.page.locator("#progress")).to_be_visible()
    start_studying(visit, 3)
    answer(visit, [])
    visit.press(visit.page.locator(".grade a[href*='/pages/']").first)
    expect(visit.page.locator(".sheet img")).to_be_visible()
    assert visit.page.locator(".sheet img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    expect(visit.page.locator(".marks rect").first).to_be_attached()
