"""How much a browser has to load before a page works."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from .conftest import DocumentFactory

pytestmark = pytest.mark.django_db
MOST_BYTES = 40_000  # of scripts and styles, compressed


@pytest.mark.parametrize("address", ["/", "/account/", "/study/", "/chat/", "/insights/", "document"])
def test_scripts_and_styles_of_a_page_are_light(client: Client, document: DocumentFactory, address: str) -> None:
    shown = document()
    url = f"/documents/{shown.public_id}/" if address == "document" else address
    page = client.get(url).content.decode()
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+\.(?:css|js))"', page))
    answers = [client.get(file, headers={"Accept-Encoding": "gzip"}) for file in files]
    assert len(answers) >= 3
    assert all(answer.headers["Content-Encoding"] == "gzip" for answer in answers)
    assert sum(int(answer.headers["Content-Length"]) for answer in answers) < MOST_BYTES
