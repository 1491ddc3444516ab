"""A real Chromium that notices what a person would not: console messages, failed answers, requests that leave.

Chromium is found, not fetched: `CHROMIUM` names it, or it is on the PATH as Debian and others install it. Playwright's
driver is a subprocess on pipes, so the tests' network guard stays closed; the browser itself can resolve no name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
    sync_playwright,
)
from tests.e2e.running import Service, running_service, service_environment

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
WAIT_MS = 20_000
MOST_TABS = 150
_LISTEN_FOR_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
_IS_FOCUSED = "element => document.activeElement === element"
_FOCUSED = (
    "() => { const e = document.activeElement; return `${e.tagName}#${e.id} ${e.name || ''} ${e.textContent}`"
    ".replace(/\\s+/g, ' ').slice(0, 60); }"
)
# what Chromium itself says of an answer with a status of 400 or more; `Visit` judges the answer instead
_OF_AN_ANSWER = "Failed to load resource: the server responded"


@dataclass(frozen=True)
class Mode:
    """How somebody looks at a page."""

    name: str
    width: int
    height: int
    scheme: str
    is_phone: bool = False


DESKTOP_LIGHT = Mode("desktop-light", 1280, 900, "light")
DESKTOP_DARK = Mode("desktop-dark", 1280, 900, "dark")
PHONE_LIGHT = Mode("phone-light", 390, 844, "light", is_phone=True)
PHONE_DARK = Mode("phone-dark", 390, 844, "dark", is_phone=True)
NARROW = Mode("narrow", 360, 740, "light", is_phone=True)
MODES = (DESKTOP_LIGHT, DESKTOP_DARK, PHONE_LIGHT, PHONE_DARK)


@dataclass
class Visit:
    """One person's browser at one service; `problems` has to be empty at the end.

    Attributes:
        expected: statuses of 400 and more that the test announced, as numbers or as (status, pattern of the path).
        says_yes: whether a question of the page ("Delete …?") is answered with yes; without it a question is a problem.
        is_offline_expected: whether failed loads are part of the test.
    """

    service: Service
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    says_yes: bool = False
    is_offline_expected: bool = False

    def watch(self) -> None:
        """Take note of everything from here on."""
        self.context.on("console", self._on_console)
        self.context.on("weberror", self._on_error)
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)
        self.page.on("dialog", self._on_dialog)

    def sign_in(self, email: str = "learner@localhost") -> None:
        """Open a new sign-in link."""
        made = self.service.run("link", email, "--url", self.service.url)
        assert made.returncode == 0, made.stderr
        self.page.goto(made.stdout.strip())
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def go(self, path: str) -> None:
        """Open a page of the service by its path."""
        self.page.goto(self.service.url + path)

    @property
    def path(self) -> str:
        """The path of the page that is open."""
        return urlsplit(self.page.url).path

    def tab_to(self, target: Locator) -> Locator:
        """Press Tab until `target` has the focus, as somebody without a mouse does."""
        expect(target).to_be_attached(timeout=WAIT_MS)
        seen = []
        for _ in range(MOST_TABS):
            if target.evaluate(_IS_FOCUSED):
                return target
            self.page.keyboard.press("Tab")
            seen.append(self.page.evaluate(_FOCUSED))
        raise AssertionError(f"Tab never came to {target}; it went over {seen[:40]}")

    def press(self, target: Locator, key: str = "Enter") -> None:
        """Go to `target` by Tab and press a key there."""
        self.tab_to(target)
        self.page.keyboard.press(key)

    def overflow_px(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("warning", "error"):
            return
        is_of_the_line = "ERR_INTERNET_DISCONNECTED" in message.text or message.text.startswith("htmx:")
        if not message.text.startswith(_OF_AN_ANSWER) and not (self.is_offline_expected and is_of_the_line):
            self.problems.append(f"console {message.type} on {message.page and message.page.url}: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.problems.append(f"page error: {error.error}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.service.url + "/", "blob:")):
            self.problems.append(f"a request left for {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.problems.append(f"{response.request.method} {response.url} was answered with {response.status}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self.asked.append(dialog.message)
        if self.says_yes:
            dialog.accept()
            return
        self.problems.append(f"a dialog came up: {dialog.message}")
        dialog.dismiss()


def find_chromium() -> Path | None:
    """Return the browser that `CHROMIUM` names, or the first on the PATH."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (found := shutil.which(name)):
            return Path(found)
    return None


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run the browser.

    The context must be left before anything else uses the database in this thread: Playwright keeps an event loop
    running in it, and Django refuses to work inside one.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, service: Service, mode: Mode = DESKTOP_LIGHT, **options: Any) -> Iterator[Visit]:
    """Open a browser of one person at a service; `options` are Playwright's, such as java_script_enabled."""
    context = browser.new_context(
        viewport={"width": mode.width, "height": mode.height},
        color_scheme=mode.scheme,  # type: ignore[arg-type]
        has_touch=mode.is_phone,
        is_mobile=mode.is_phone,
        locale="en-GB",
        **{"reduced_motion": "reduce", **options},
    )
    try:
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(_LISTEN_FOR_VIOLATIONS)
        visit = Visit(service, context, context.new_page())
        visit.watch()
        yield visit
        assert not visit.problems, "\n".join(visit.problems)
    finally:
        context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one the test is skipped, in continuous integration it fails."""
    if find_chromium() is None:
        message = f"no browser: CHROMIUM names none and none of {', '.join(NAMES)} is on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=WAIT_MS)
    with running_chromium() as browser:
        yield browser


OpenVisit = Callable[..., Visit]


@pytest.fixture
def open_visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[OpenVisit]:
    """Open a visit: `open_visit(PHONE_DARK, java_script_enabled=False)`; none may end with problems."""
    with ExitStack() as visits:

        def open_one(mode: Mode = DESKTOP_LIGHT, *, at: Service | None = None, **options: Any) -> Visit:
            service = at or request.getfixturevalue("service")  # a test with a service of its own needs no other
            return visits.enter_context(visiting(chromium, service, mode, **options))

        yield open_one


@dataclass(frozen=True)
class Seeded:
    """A service without a worker, over a library that shows every state.

    Attributes:
        states: the path of each state of the local learner's library by its name; see `tests.e2e.seed`.
        hostile: those of a learner all of whose texts attack the page.
    """

    service: Service
    states: dict[str, str]
    hostile: dict[str, str]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A library with everything in it, and a service that shows it."""
    data_dir = tmp_path_factory.mktemp("seeded") / "data"
    seed = subprocess.run(
        [sys.executable, "-m", "tests.e2e.seed"],
        env=service_environment(data_dir),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    with running_service(data_dir, "--no-worker") as service:
        yield Seeded(service, **json.loads(seed.stdout))
