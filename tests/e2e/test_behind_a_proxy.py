"""Behind a proxy that ends HTTPS the forms work, and cookies keep to HTTPS."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping

from tests.e2e.running import Response, Service

ORIGIN = "https://tutor.example"
_OPENER = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *arguments: None}),
)


def ask(service: Service, path: str, cookies: Mapping[str, str], fields: Mapping[str, str] | None = None) -> Response:
    """Ask as a proxy does for a browser that sees `ORIGIN`."""
    headers = {"Host": "tutor.example", "X-Forwarded-Proto": "https"}
    headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    data = None
    if fields is not None:
        headers |= {"Origin": ORIGIN, "Referer": f"{ORIGIN}{path}"}
        data = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(service.url + path, data, headers)  # noqa: S310 - our own
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.headers, error.read())


def test_a_form_sent_over_https_is_taken_and_cookies_are_for_https_only(run_service: Callable[..., Service]) -> None:
    service = run_service("--no-worker", PUBLIC_URL=ORIGIN, EMBEDDER="none")
    signed_in = ask(service, urllib.parse.urlsplit(service.sign_in_link).path, {})
    set_cookies = signed_in.headers.get_all("Set-Cookie")  # type: ignore[attr-defined]
    kept = [cookie for cookie in set_cookies if "Max-Age=0" not in cookie]
    assert len(kept) == 2
    assert all("Secure" in cookie for cookie in kept), kept
    cookies = dict(cookie.split(";")[0].split("=", 1) for cookie in set_cookies)
    page = ask(service, "/account/", cookies)
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    cookies |= dict(cookie.split(";")[0].split("=", 1) for cookie in page.headers.get_all("Set-Cookie") or [])  # type: ignore[attr-defined]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
    assert token
    sent = ask(service, "/account/", cookies, {"name": "Ada", "csrfmiddlewaretoken": token[1]})
    assert sent.status in (200, 302), sent.body
    assert b'value="Ada"' in ask(service, "/account/", cookies).body
    forged = ask(service, "/account/", cookies, {"name": "Eve"})
    assert forged.status == 403
