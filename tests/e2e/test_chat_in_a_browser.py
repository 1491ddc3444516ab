"""Chat in a real browser where something goes wrong: a broken connection, another sign-in, a message not sent yet."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect
from tests.e2e.browser import DESKTOP_LIGHT, PHONE_LIGHT, Mode, OpenVisit, Seeded, Visit

API = "**/api/v1/chat/"
QUESTION = "How does water move through a membrane?"
OTHER = "What moves by osmosis?"
LOST = "The connection was lost."


def open_chat(open_visit: OpenVisit, seeded: Seeded, mode: Mode = DESKTOP_LIGHT, path: str = "/chat/") -> Visit:
    visit = open_visit(mode, at=seeded.service)
    visit.sign_in()
    visit.go(path)
    return visit


def send(page: Page, message: str) -> None:
    page.locator("#message").fill(message)
    page.get_by_role("button", name="Send").click()


def expect_reply(page: Page, *, messages: int) -> None:
    """Wait for the last reply, and count what the learner is shown to have said, here and on the page anew."""
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.locator(".said-tutor .words").last).not_to_be_empty()
    expect(page.locator(".said-learner")).to_have_count(messages)
    page.reload()
    expect(page.locator(".said-learner")).to_have_count(messages)


def break_after_start(page: Page) -> None:
    """Let the next reply be made and kept, but break the connection when it has begun to come."""

    def answer(route: Route) -> None:
        response = route.fetch()
        start = response.text().split("\n\n")[0] + "\n\n"
        assert start.startswith("event: start")
        route.fulfill(response=response, body=start)

    page.route(API, answer, times=1)


def test_a_message_whose_connection_broke_is_replied_to_once(open_visit: OpenVisit, seeded: Seeded) -> None:
    page = open_chat(open_visit, seeded).page
    break_after_start(page)
    send(page, QUESTION)
    expect(page.locator("#composer-status")).to_contain_text(LOST)
    page.get_by_role("button", name="Try again").click()
    expect_reply(page, messages=1)
    expect(page.get_by_text("This reply failed")).to_have_count(0)


def test_a_message_that_came_back_into_the_box_is_sent_as_it_was(open_visit: OpenVisit, seeded: Seeded) -> None:
    page = open_chat(open_visit, seeded).page
    break_after_start(page)
    send(page, QUESTION)
    expect(page.locator("#composer-status")).to_contain_text(LOST)
    expect(page.locator("#message")).to_have_value(QUESTION)
    page.get_by_role("button", name="Send").click()
    expect_reply(page, messages=1)


def test_another_text_after_a_broken_connection_is_another_message(open_visit: OpenVisit, seeded: Seeded) -> None:
    page = open_chat(open_visit, seeded).page
    break_after_start(page)
    send(page, QUESTION)
    expect(page.locator("#composer-status")).to_contain_text(LOST)
    send(page, OTHER)
    expect_reply(page, messages=2)


def test_signing_in_anew_in_another_tab_does_not_end_the_chat(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_chat(open_visit, seeded)
    other = visit.context.new_page()
    other.goto(f"{seeded.service.url}/account/")
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/sign-in/"))
    other.goto(seeded.service.new_link())
    expect(other.get_by_role("navigation", name="Main")).to_be_visible()
    send(visit.page, QUESTION)
    expect_reply(visit.page, messages=1)


def test_a_message_sent_after_the_sign_out_stays_in_the_box(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_chat(open_visit, seeded, path=seeded.states["conversation"])
    visit.expected = {401, 403}
    page, said = visit.page, visit.page.locator(".said").count()
    visit.context.clear_cookies(name="sessionid")
    for _ in range(2):
        send(page, QUESTION)
        expect(page.locator("#composer-status")).to_contain_text("You are signed out")
        expect(page.locator("#message")).to_have_value(QUESTION)
        expect(page.locator("#message")).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".said")).to_have_count(said)


def test_a_message_is_kept_until_it_is_sent(open_visit: OpenVisit, seeded: Seeded) -> None:
    visit = open_chat(open_visit, seeded, path=seeded.states["conversation"])
    box = visit.page.locator("#message")
    box.fill(QUESTION)
    visit.go("/")
    visit.go("/chat/")
    expect(box).to_have_value("")  # it belongs to another conversation
    visit.go(seeded.states["conversation"])
    expect(box).to_have_value(QUESTION)
    visit.page.get_by_role("button", name="Send").click()
    expect(visit.page.locator("#composer-status")).to_be_empty()
    expect(visit.page.get_by_role("button", name="Send")).to_be_visible()
    visit.page.reload()
    expect(box).to_have_value("")


def test_enter_sends_on_a_desk_and_makes_a_line_on_a_phone(open_visit: OpenVisit, seeded: Seeded) -> None:
    phone = open_chat(open_visit, seeded, PHONE_LIGHT).page
    phone.locator("#message").fill(QUESTION)
    phone.locator("#message").press("Enter")
    expect(phone.locator("#message")).to_have_value(f"{QUESTION}\n")
    expect(phone.locator(".said")).to_have_count(0)
    phone.get_by_role("button", name="Send").click()
    expect_reply(phone, messages=1)
    desk = open_chat(open_visit, seeded).page
    desk.locator("#message").fill(QUESTION)
    desk.locator("#message").press("Enter")
    expect_reply(desk, messages=1)


def test_to_ask_in_all_documents_is_offered_only_after_asking_in_some(open_visit: OpenVisit) -> None:
    visit = open_visit()  # at the service that reads what it is given, in which others' documents may lie
    visit.sign_in()
    page = visit.page
    question = "Which symphony did Beethoven dedicate to a pancreas?"
    page.get_by_role("button", name="Try the sample chapter").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=90_000)
    visit.go("/chat/")
    send(page, question)
    expect(page.locator("#log .what-now")).to_contain_text("add a document")
    expect(page.locator("#log .what-now")).not_to_contain_text("Ask in all")
    visit.go("/chat/")
    page.get_by_text("Where to look").click()
    page.locator("#composer [name=document]").first.check()
    send(page, question)
    expect(page.locator("#log .what-now")).to_contain_text("Ask in all your documents")
