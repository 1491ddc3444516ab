"""The child that draws PDF pages and measures where words lie on them, so that a hostile page harms nobody else.

It is asked by `page_images`, a JSON object a line. Each answer is a line too, and the bytes of a picture follow it.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import math
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from hellotutor.core.processes import limit_process, listen

_MEMORY_BYTES = 1_500_000_000
_WIDTH_PX = 1200
_LONGEST_SIDE_PX = 3600
_GREY, _RGB = 0, 2  # PNG colour types
_FLAGS = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
_NOT_COMPARED = re.compile(r"[\s\x00-\x1f\x7f\xad\ufffe\uffff-]+")


@dataclass(frozen=True, slots=True)
class _Edges:
    left: int
    top: int
    right: int
    bottom: int


def main() -> None:
    """Answer what the parent asks, until it has gone."""
    limit_process(memory_bytes=_MEMORY_BYTES)
    for line in listen():
        head, png = _answer(json.loads(line))
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + png)
        sys.stdout.buffer.flush()


def _answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        with _open_page(Path(request["path"]), request["number"]) as page:
            if request["task"] == "render":
                png = _render(page)
                return {"png_bytes": len(png)}, png
            width, height, _ = _size_of(page)
            boxes = _measure(page, (width, height), request["raw_text"], request["start"], request["end"])
            return {"width": width, "height": height, "boxes": boxes}, b""
    except (pypdfium2.PdfiumError, OSError, IndexError, MemoryError) as error:
        return {"failed": type(error).__name__}, b""


@contextmanager
def _open_page(path: Path, number: int) -> Iterator[Any]:
    with closing(pypdfium2.PdfDocument(path)) as document, closing(document[number - 1]) as page:
        yield page


def _measure(page: Any, size: tuple[int, int], raw_text: str, start: int, end: int) -> list[tuple[int, int, int, int]]:
    """Return the boxes of the quote's lines: x, y, width and height."""
    if end <= start:
        return []
    with closing(page.get_textpage()) as text_page:
        return list(_merge_lines(_find_edges(page, text_page, size, raw_text, start, end)))


def _render(page: Any) -> bytes:
    width, height, _ = _size_of(page)
    with closing(pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGR, rev_byteorder=True)) as bitmap:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, _FLAGS)
        padded, stride = bytes(bitmap.buffer), bitmap.stride
    return encode_png([padded[at : at + 3 * width] for at in range(0, height * stride, stride)])


def encode_png(rows: list[bytes]) -> bytes:
    """Return rows of red, green and blue bytes as a PNG; a page without colour takes a third of the room."""
    width, height = len(rows[0]) // 3, len(rows)
    is_grey = all(row[0::3] == row[1::3] == row[2::3] for row in rows)
    samples = (row[::3] for row in rows) if is_grey else iter(rows)
    raw = b"".join(b"\x00" + row for row in samples)  # each row begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, _GREY if is_grey else _RGB, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _size_of(page: Any) -> tuple[int, int, float]:
    """Return width and height in pixels, and the scale from points; whatever size the page claims, both are bounded."""
    width, height = page.get_size()
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise pypdfium2.PdfiumError("a page without a size")
    scale = min(_WIDTH_PX / width, _LONGEST_SIDE_PX / height)
    return math.ceil(width * scale), math.ceil(height * scale), scale


def _find_edges(
    page: Any, text_page: Any, size: tuple[int, int], raw_text: str, start: int, end: int
) -> Iterator[_Edges]:
    """Give the box of each character of the quote, in reading order."""
    characters = [(index, _character(text_page, index)) for index in range(text_page.count_chars())]
    shown = [(index, letter) for index, letter in characters if not _NOT_COMPARED.fullmatch(letter)]
    for first, last in _find_quote("".join(letter for _, letter in shown), raw_text, start, end):
        for index, _ in shown[first:last]:
            left, bottom, right, top = text_page.get_charbox(index, loose=True)
            corners = [_to_pixels(page, size, x, y) for x in (left, right) for y in (bottom, top)]
            across, down = zip(*corners, strict=True)
            yield _Edges(min(across), min(down), max(across), max(down))


def _character(text_page: Any, index: int) -> str:
    code = pdfium.FPDFText_GetUnicode(text_page, index)
    return chr(code) if code <= 0x10FFFF else "\ufffe"


def _compact(text: str) -> str:
    """Return what PDFium's list of characters and a page's text have in common: no space, hyphen or control."""
    return _NOT_COMPARED.sub("", text)


def _find_quote(letters: str, raw_text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the quote stands in the page's letters, line by line where they are in another order."""
    whole = _find_nearest(letters, raw_text, start, end)
    if whole:
        return [whole]
    lines = (match.span() for match in re.finditer(r"[^\n\x02\ufffe]+", raw_text[start:end]))
    found = (_find_nearest(letters, raw_text, start + first, start + last) for first, last in lines)
    return [span for span in found if span]


def _find_nearest(letters: str, raw_text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the place of these words that is nearest to where they are expected.

    Letters beyond the page's edge stand in PDFium's list and not in the text, so that the place can be another.
    """
    quote, expected = _compact(raw_text[start:end]), len(_compact(raw_text[:start]))
    if not quote:
        return None
    found = (match.start() for match in re.finditer(f"(?={re.escape(quote)})", letters))
    at = min(found, key=lambda at: abs(at - expected), default=None)
    return None if at is None else (at, at + len(quote))


def _to_pixels(page: Any, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    """Turn a point on the page into one on its picture, whatever the page's rotation and crop."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
    return across.value, down.value


def _merge_lines(edges: Iterator[_Edges]) -> Iterator[tuple[int, int, int, int]]:
    """Join the boxes of characters that follow each other on a line."""
    line: _Edges | None = None
    for edge in itertools.chain(edges, (None,)):
        if line and edge and _is_same_line(line, edge):
            line = _Edges(
                min(line.left, edge.left),
                min(line.top, edge.top),
                max(line.right, edge.right),
                max(line.bottom, edge.bottom),
            )
            continue
        if line and line.right > line.left and line.bottom > line.top:
            yield line.left, line.top, line.right - line.left, line.bottom - line.top
        line = edge


def _is_same_line(line: _Edges, edge: _Edges) -> bool:
    """Say whether a character goes on with a line: level with it, and not far off, as another column would be."""
    level = min(line.bottom, edge.bottom) - max(line.top, edge.top)
    height = min(line.bottom - line.top, edge.bottom - edge.top)
    return 2 * level > height and -height <= edge.left - line.right <= 3 * (line.bottom - line.top)


if __name__ == "__main__":
    main()
