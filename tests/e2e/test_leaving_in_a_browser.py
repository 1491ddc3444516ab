"""What stays in a browser after somebody has left, and what a page says of a lost connection or a stopped form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.e2e.browser import FLAGS, OpenVisit, Seeded, Visit, find_chromium, visiting
from tests.e2e.running import wait_until
from tests.e2e.seed import EMPTY

SIGN_IN = re.compile(r"/sign-in/")
DRAFT = "A secret thought"
COME_BACK = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
STORED = "JSON.stringify(localStorage)"


@pytest.fixture(scope="module")
def remembering_chromium(chromium: Browser) -> Iterator[Browser]:
    """A browser that keeps the pages left behind whole, as people's do and Playwright's does not."""
    browser = chromium.browser_type.launch(
        executable_path=find_chromium(), args=list(FLAGS), ignore_default_args=["--disable-back-forward-cache"]
    )
    try:
        yield browser
    finally:
        browser.close()


def sign_out(page: Page, visit: Visit) -> None:
    page.goto(f"{visit.service.url}/account/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(SIGN_IN)


def open_signed_in(open_visit: OpenVisit, seeded: Seeded, path: str = "/", **options: str) -> Visit:
    visit = open_visit(at=seeded.service, **options)
    visit.sign_in()
    visit.go(path)
    return visit


def test_back_shows_nothing_after_signing_out(remembering_chromium: Browser, seeded: Seeded) -> None:
    with visiting(remembering_chromium, seeded.service) as visit:
        visit.sign_in()
        visit.go(seeded.states["document"])
        sign_out(visit.page, visit)
        for _ in range(2):  # over the account to the document
            visit.page.evaluate("history.back()")
            expect(visit.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
            expect(visit.page.get_by_role("navigation", name="Main")).to_have_count(0)


def test_a_page_that_comes_back_is_asked_for_anew_once_somebody_has_signed_out(
    open_visit: OpenVisit, seeded: Seeded
) -> None:
    visit = open_signed_in(open_visit, seeded)
    sign_out(visit.context.new_page(), visit)
    visit.page.evaluate(COME_BACK)
    expect(visit.page).to_have_url(SIGN_IN)


def test_a_page_that_comes_back_within_a_visit_stays_as_it_was(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, "/account/")
    name = visit.page.get_by_label("Name", exact=True)
    name.fill("Half of a na")
    visit.page.evaluate(COME_BACK)
    visit.page.evaluate("new Promise((done) => setTimeout(done, 300))")
    expect(name).to_have_value("Half of a na")


def test_signing_out_takes_the_drafts_along(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, "/chat/")
    visit.page.get_by_label("Your message").fill(DRAFT)
    assert DRAFT in visit.page.evaluate(STORED)
    sign_out(visit.page, visit)
    assert DRAFT not in visit.page.evaluate(STORED)


def test_the_form_that_signs_out_drops_the_drafts_itself(open_visit: OpenVisit, seeded: Seeded) -> None:
    """Over plain HTTP no browser minds Clear-Site-Data."""
    visit = open_signed_in(open_visit, seeded, "/account/")
    visit.page.evaluate("localStorage.setItem('study:draft:1:1', 'x'); localStorage.setItem('study:keys-off', 'yes')")
    visit.page.evaluate(
        "document.querySelector('[data-signs-out]').dispatchEvent(new Event('submit', {bubbles: true}))"
    )
    assert visit.page.evaluate("Object.keys(localStorage)") == ["study:keys-off"]


def test_drafts_of_others_and_old_ones_are_gone_with_the_next_page(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, "/chat/")
    visit.page.get_by_label("Your message").fill(DRAFT)
    visit.page.evaluate("""
        const [key] = Object.keys(localStorage);
        localStorage.setItem(`${key}-of-long-ago`, JSON.stringify({ text: "old", at: Date.now() - 40 * 86400000 }));
        localStorage.setItem("draft:somebody-else:chat:new", JSON.stringify({ text: "theirs", at: Date.now() }));
    """)
    visit.page.reload()
    stored = json.loads(visit.page.evaluate(STORED))
    assert [json.loads(value)["text"] for value in stored.values()] == [DRAFT]
    expect(visit.page.get_by_label("Your message")).to_have_value(DRAFT)


def test_somebody_else_in_the_same_browser_finds_no_draft(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, "/chat/")
    visit.page.get_by_label("Your message").fill(DRAFT)
    visit.context.clear_cookies()
    visit.sign_in(EMPTY)
    assert DRAFT not in visit.page.evaluate(STORED)


def test_a_lost_connection_is_not_told_of_by_what_asks_again_by_itself(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, seeded.states["document-reading"])
    visit.is_offline_expected = True
    toast = visit.page.locator("#toast")
    with visit.page.expect_event("requestfailed"):
        visit.context.set_offline(True)
    expect(visit.page.locator("#progress")).to_be_visible()
    expect(toast).to_be_empty()
    visit.context.set_offline(False)
    with visit.page.expect_response(re.compile("/progress/")):
        pass


def test_an_answer_that_failed_does_not_replace_the_progress(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, seeded.states["document-reading"])
    visit.expected = {502}
    visit.page.route(re.compile("/progress/"), lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    for _ in range(2):  # and it asks again
        with visit.page.expect_response(re.compile("/progress/")):
            pass
    expect(visit.page.locator("#progress")).to_be_visible()
    expect(visit.page.get_by_text("Bad gateway")).to_have_count(0)
    visit.problems = [said for said in visit.problems if "Response Status Error Code 502" not in said]  # htmx notes it


def test_a_form_that_was_stopped_can_be_sent_again(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded)
    sent = visit.page.evaluate("""() => {
        const sent = [];
        window.addEventListener("submit", (event) => { sent.push(!event.defaultPrevented); event.preventDefault(); });
        const button = document.querySelector("form[action$='/sample/'] button");
        button.click();
        button.click();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
        button.click();
        return sent;
    }""")
    assert sent == [True, False, True], "a double click sends once, and Escape stops the browser's sending"


def test_times_are_those_of_the_clock_at_hand(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded, seeded.states["document"], timezone_id="Asia/Tokyo")
    added = visit.page.locator(".details time")
    moment = datetime.fromisoformat(added.get_attribute("datetime") or "").astimezone(ZoneInfo("Asia/Tokyo"))
    expect(added).to_have_text(f"{moment.day} {moment:%B %Y, %H:%M}")


def test_a_second_file_chosen_meanwhile_is_not_left_behind(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_signed_in(open_visit, seeded)
    held: list[Route] = []
    visit.page.route("**/documents/", lambda route: route.continue_() if held else held.append(route))
    for name in ("first", "second"):
        text = f"# {name}\n\nThe {name} text is about cells.\n".encode()
        visit.page.locator("#file").set_input_files({"name": f"{name}.md", "mimeType": "text/markdown", "buffer": text})
    expect(visit.page.locator(".upload-line")).to_have_count(2)
    wait_until(lambda: held or visit.page.wait_for_timeout(50))  # a line is there before its request is
    held[0].continue_()
    expect(visit.page.get_by_role("link", name="Open it")).to_have_count(2)
    assert visit.path == "/"
