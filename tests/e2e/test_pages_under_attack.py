"""The pages in a real browser when something is against them: double clicks, lost lines, hostile texts, no scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.browser import DESKTOP_LIGHT, NARROW, PHONE_LIGHT, OpenVisit, Seeded, Visit
from tests.e2e.running import Service
from tests.e2e.seed import EMPTY, HOSTILE, SCRIPT

DOCUMENT = re.compile(r"/documents/[0-9a-f-]{36}/")
SESSION = re.compile(r"/study/[0-9a-f-]{36}/")
NOTES = (
    "# Cells\n\nThe nucleus is the part of a cell that holds its genetic material. It is surrounded by a double"
    " membrane.\n\nMitochondria are organelles that produce most of the chemical energy of a cell. They have their own"
    " DNA because they descend from bacteria that lived inside other cells.\n\nA ribosome is a structure that makes"
    " proteins.\n"
)
READ_MS = 90_000


def notes(folder: Path, name: str, more: str = "") -> Path:
    path = folder / name
    path.write_text(f"{NOTES}\n{more or name}\n", encoding="utf-8")
    return path


def answers_of(service: Service, session: str) -> list[Any]:
    """Return the answers of a session, as the API tells them."""
    page = service.api("GET", f"/api/v1/sessions/{session}/", token=service.token()).json
    return list(page.get("answers", [])) or [None] * page["answered"]


def session_id(page: Page) -> str:
    found = re.search(r"/study/([0-9a-f-]{36})/", page.url)
    assert found
    return found[1]


def open_kind(visit: Visit, seeded: Seeded, kind: str) -> None:
    visit.sign_in()
    visit.go(seeded.states[f"session-{kind}"])
    expect(visit.page.locator("#prompt")).to_be_visible()


def test_number_keys_choose_and_enter_answers(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(at=seeded.service)
    open_kind(visit, seeded, "multiple-choice")
    for key in ("4", "1"):
        visit.page.keyboard.press(key)
        expect(visit.page.locator(f"[data-key='{key}']")).to_be_checked()
    visit.page.keyboard.press("h")
    expect(visit.page.get_by_text("Hint 1 of 3", exact=True)).to_be_visible()
    expect(visit.page.locator("[data-key='1']")).to_be_checked()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#grade")).to_contain_text("Correct")


def test_an_answer_sent_twice_is_one_answer(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(at=seeded.service)
    open_kind(visit, seeded, "cloze")
    before = len(answers_of(seeded.service, session_id(visit.page)))
    visit.page.locator("#answer-text").fill("membrane")
    visit.page.evaluate(
        "() => { const form = document.getElementById('answer-form');"
        " const send = form.querySelector('[data-send]'); send.click(); send.click(); form.requestSubmit(send); }"
    )
    expect(visit.page.locator("#grade")).to_contain_text("Correct")
    assert len(answers_of(seeded.service, session_id(visit.page))) == before + 1


def test_a_lost_connection_keeps_what_was_written(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(at=seeded.service)
    open_kind(visit, seeded, "short-answer")
    visit.is_offline_expected = True
    visit.context.set_offline(True)
    visit.page.locator("#answer-text").fill("a membrane")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#toast")).to_contain_text("connection is lost")
    expect(visit.page.locator("#answer-text")).to_have_value("a membrane")
    visit.context.set_offline(False)
    visit.page.reload()
    expect(visit.page.locator("#answer-text")).to_have_value("a membrane")
    visit.page.locator("#answer-text").focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#grade")).to_be_visible()
    expect(visit.page.locator(".answers")).to_contain_text("a membrane")


def test_a_hostile_library_does_nothing_on_any_page(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(at=seeded.service)
    visit.sign_in(HOSTILE)
    for name, path in seeded.hostile.items():
        visit.go(path)
        visit.page.wait_for_load_state("networkidle")
        shown = visit.page.content()
        assert "&lt;script&gt;alert(1)" in shown, name
        assert SCRIPT not in shown, name
        assert visit.page.locator("[onerror], a[href^='javascript:'], script:not([src])").count() == 0, name
    assert visit.asked == []


def test_a_hostile_file_name_and_text_are_shown_as_they_are(open_visit: OpenVisit, tmp_path: Path) -> None:
    visit = open_visit()
    visit.sign_in()
    name = '"><img src=x onerror=alert(1)>.md'
    visit.page.locator("#file").set_input_files(notes(tmp_path, name, f"# {SCRIPT}\n\n[click](javascript:alert(2))"))
    expect(visit.page).to_have_url(DOCUMENT, timeout=READ_MS)
    expect(visit.page.locator("h1")).to_have_text(name)
    visit.page.wait_for_load_state("networkidle")
    for path in ("/", "/study/start/", "/chat/"):
        visit.go(path)
        expect(visit.page.get_by_text(name).first).to_be_attached()
    assert visit.page.locator("[onerror]").count() == 0


def test_a_file_dropped_on_the_page_is_taken(open_visit: OpenVisit) -> None:
    visit = open_visit()
    visit.sign_in()
    data = visit.page.evaluate_handle(
        "text => { const data = new DataTransfer();"
        " data.items.add(new File([text], 'dropped.md', { type: 'text/markdown' })); return data; }",
        f"{NOTES}\nDropped.\n",
    )
    for event in ("dragenter", "dragover", "drop"):
        visit.page.dispatch_event(".drop", event, {"dataTransfer": data})
    expect(visit.page).to_have_url(DOCUMENT, timeout=READ_MS)
    expect(visit.page.locator("h1")).to_have_text("dropped.md")


def test_a_file_that_cannot_be_read_is_told_why(open_visit: OpenVisit, tmp_path: Path) -> None:
    visit = open_visit()
    visit.sign_in()
    visit.expected = {422}
    (tmp_path / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    visit.page.locator("#file").set_input_files(tmp_path / "picture.pdf")
    expect(visit.page.locator("#uploads")).to_contain_text("It is an image")
    expect(visit.page.locator("#uploads-said")).to_contain_text("It is an image")


def test_two_files_at_once_are_two_documents(open_visit: OpenVisit, tmp_path: Path) -> None:
    visit = open_visit()
    visit.sign_in()
    visit.page.locator("#file").set_input_files([notes(tmp_path, "one.md"), notes(tmp_path, "two.md")])
    links = visit.page.locator("#uploads").get_by_role("link", name="Open it")
    expect(links).to_have_count(2, timeout=READ_MS)
    addresses = {link.get_attribute("href") for link in links.all()}
    assert len(addresses) == 2


def test_without_javascript_upload_study_and_chat_work(open_visit: OpenVisit, tmp_path: Path) -> None:
    visit = open_visit(java_script_enabled=False)
    page = visit.page
    visit.sign_in()
    page.locator("#file").set_input_files(notes(tmp_path, "plain.md"))
    page.get_by_role("button", name="Upload").click()
    page.goto(wait_for_document(visit, "plain.md"))
    page.locator("#count").fill("2")
    page.locator("#start").get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(SESSION, timeout=READ_MS)
    page.get_by_role("button", name="A hint").click()
    expect(page.get_by_text("Hint 1 of 3", exact=True)).to_be_visible()
    page.get_by_role("button", name="I don’t know").click()
    expect(page.locator("#grade")).to_be_visible()
    expect(page.locator("blockquote.quote").first).not_to_be_empty()
    visit.go("/chat/")
    page.locator("#message").fill("What is a ribosome?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said-tutor").first).to_contain_text("ribosome", timeout=READ_MS)
    expect(page.locator("a.cite").first).to_be_attached()


def wait_for_document(visit: Visit, title: str) -> str:
    """Return the address of a document once it has been read."""
    visit.go("/")
    link = visit.page.get_by_role("link", name=title, exact=True).first
    address = visit.service.url + str(link.get_attribute("href"))
    for _ in range(60):
        visit.page.goto(address)
        if visit.page.locator("#start").count():
            return address
        visit.page.wait_for_timeout(500)
    raise AssertionError(f"{title} was never read")


def test_a_reply_can_be_stopped(open_visit: OpenVisit, seeded: Seeded) -> None:
    """The line is slow, so that there is something to stop."""
    visit = open_visit(at=seeded.service)
    visit.sign_in()
    visit.go("/chat/")
    slow = visit.context.new_cdp_session(visit.page)
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 8_000, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    visit.page.locator("#message").fill("What is osmosis?")
    visit.page.keyboard.press("Enter")
    stop = visit.page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    visit.press(stop)
    expect(visit.page.get_by_role("button", name="Send")).to_be_visible()
    expect(visit.page.locator("#message")).to_have_value("What is osmosis?")


@pytest.mark.parametrize("who", ["states", "hostile", "empty"])
def test_no_page_is_wider_than_a_narrow_phone(who: str, open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_visit(NARROW, at=seeded.service)
    visit.sign_in({"states": "learner@localhost", "hostile": HOSTILE, "empty": EMPTY}[who])
    paths = {"home": "/", "sessions": "/study/", "chat": "/chat/", "insights": "/insights/", "account": "/account/"}
    too_wide = {}
    for name, path in (paths if who == "empty" else getattr(seeded, who)).items():
        visit.go(path)
        visit.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        if (by := visit.overflow_px()) > 0:
            too_wide[name] = by
    assert too_wide == {}


def test_keys_are_not_offered_where_there_is_no_keyboard(open_visit: OpenVisit, seeded: Seeded) -> None:
    phone, desk = open_visit(PHONE_LIGHT, at=seeded.service), open_visit(DESKTOP_LIGHT, at=seeded.service)
    for visit, is_shown in ((phone, False), (desk, True)):
        open_kind(visit, seeded, "looked-at")
        caps = visit.page.locator("#hint-button kbd").all()
        assert any(cap.is_visible() for cap in caps) is is_shown
