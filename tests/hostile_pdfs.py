"""PDFs made to harm who opens them: never open one in a process of which memory and time aren't limited."""

from __future__ import annotations

import sys
import zlib

import pytest

WORDS = "The moon pulls the sea, and the sea rises twice a day."
_FORMS = 26  # each draws the next twice: 67 million drawings


def draw_for_ever() -> bytes:
    """Return a PDF with a page whose colours take a formula of thousands of steps for every pixel."""
    formula = b"{ " + b"dup mul sqrt sin cos " * 2_000 + b" pop 0 0 0 }"
    function = _stream(formula, b"/FunctionType 4/Domain[0 1 0 1]/Range[0 1 0 1 0 1]")
    shading = b"<</ShadingType 1/ColorSpace/DeviceRGB/Domain[0 1 0 1]/Matrix[612 0 0 792 0 0]/Function 7 0 R>>"
    return _page(b"/S sh", b"/Shading<</S 6 0 R>>", shading, function)


def take_all_memory() -> bytes:
    """Return a PDF with a page of forms within forms, which grow without end when they are read."""
    if sys.platform != "linux":
        pytest.skip("only Linux holds a process to a limit of its memory")
    forms = [_form(b"/F%d Do /F%d Do" % (n, n), n, 6 + n) for n in range(1, _FORMS)]
    return _page(b"/F0 Do", b"/XObject<</F0 6 0 R>>", *forms, _form(b"0 0 10 10 re f", 0, 0))


def _form(drawing: bytes, name: int, other: int) -> bytes:
    resources = b"/Resources<</XObject<</F%d %d 0 R>>>>" % (name, other) if other else b""
    return _stream(drawing, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]" + resources)


def _page(drawing: bytes, resources: bytes, *more: bytes) -> bytes:
    text = f"BT /F 12 Tf 50 700 Td ({WORDS}) Tj ET ".encode()
    return _file(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>>>"
        % resources,
        _stream(text + drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    )


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (entries, len(packed), packed)


def _file(*objects: bytes) -> bytes:
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return body + tail % (len(objects) + 1, table, len(objects) + 1, len(body))
