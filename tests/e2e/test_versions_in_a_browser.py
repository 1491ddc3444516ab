"""A book is stopped, gone on with and replaced on its page, parts of which are asked for anew each second."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.browser import DESKTOP_LIGHT, PHONE_DARK, Mode, OpenVisit
from tests.e2e.running import Service

READ_MS = 90_000
NEW = "# Hearts\n\nThe heart is a muscle that has four chambers and pumps blood through the whole body.\n"


@pytest.mark.parametrize("mode", [DESKTOP_LIGHT, PHONE_DARK], ids=lambda mode: mode.name)
def test_a_book_is_stopped_gone_on_with_and_replaced(
    mode: Mode, open_visit: OpenVisit, run_service: Callable[..., Service], shared_data: Path, tmp_path: Path
) -> None:
    service = run_service()
    visit = open_visit(mode, at=service)
    page = visit.page
    visit.sign_in()
    page.locator("#file").set_input_files(shared_data / "textbook" / "biology.md")
    expect(page).to_have_url(re.compile(r"/documents/[0-9a-f-]{36}/"), timeout=READ_MS)
    expect(page.get_by_label("How many questions?")).to_be_visible(timeout=READ_MS)
    visit.press(page.locator("#stop"))
    expect(page.locator("#progress .badge")).to_have_text(re.compile("Incomplete|Stopped"))
    expect(page.locator("#stop")).to_have_count(0)
    visit.press(page.get_by_role("button", name="Go on", exact=True))
    expect(page.locator("#stop")).to_be_visible()
    page.get_by_text("Replace it with a new file").click()  # a long way by Tab, over all of its contents
    (tmp_path / "hearts.md").write_text(NEW)
    page.get_by_label("The new file").set_input_files(tmp_path / "hearts.md")
    visit.press(page.get_by_role("button", name="Replace", exact=True))
    expect(page.get_by_text("hearts.md takes this document's place when it has been read.")).to_be_visible()
    taken = page.get_by_role("link", name="A new file has taken its place: show its contents")
    details = page.locator(".details bdi", has_text="hearts.md")
    expect(taken.or_(details).first).to_be_visible(timeout=READ_MS)
    page.reload()
    expect(details).to_be_visible()
    expect(page.get_by_text("Hearts", exact=True)).to_be_visible()
    assert visit.overflow_px() <= 0
