"""A visitor without a browser: cookies, forms and redirects, with the standard library."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar

from tests.e2e.running import ANSWER_S, Response, Service

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browsing:
    """Somebody who has signed in by a link, or hasn't."""

    def __init__(self, service: Service, *, is_signed_in: bool = True) -> None:
        self._url = service.url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        if is_signed_in:
            assert self.open(urllib.parse.urlsplit(service.new_link()).path).status == 200

    def open(self, path: str, fields: Mapping[str, str] | None = None) -> Response:
        """Open a page, or send a form to it."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        try:
            with self._opener.open(self._url + path, data=data, timeout=ANSWER_S) as answer:
                return Response(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, error.headers, error.read())

    def submit(self, path: str, fields: Mapping[str, str]) -> Response:
        """Send a form of the page at `path` to that same address."""
        found = _TOKEN.search(self.open(path).body.decode())
        assert found, "the page has no form"
        return self.open(path, {**fields, "csrfmiddlewaretoken": found[1]})
