"""A page's picture, and the boxes of a passage on it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from tests.hostile_pdfs import draw_for_ever, take_all_memory

from hellotutor.core.errors import Unavailable
from hellotutor.core.text import normalise
from hellotutor.documents.drawing import encode_png
from hellotutor.documents.page_images import PageDrawer, PageSheet, measure_page, render_page

SENTENCE = "The hard question is therefore not whether a culture is free."


def _storage_of(tmp_path: Path, stream: bytes, *, box: str = "0 0 600 800", rotate: int = 0) -> FileSystemStorage:
    """Store a PDF of one page with these drawing commands as `one.pdf`."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    page = (
        f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Rotate {rotate}/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    ).encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        font,
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    (tmp_path / "one.pdf").write_bytes(body + tail % (table, len(body)))
    return FileSystemStorage(location=tmp_path)


def _text_of(path: Path, number: int = 1) -> str:
    document = pypdfium2.PdfDocument(path)
    text: str = document[number - 1].get_textpage().get_text_bounded().replace("\r\n", "\n")
    document.close()
    return text


def _pixels_of(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Decode the PNGs that this program writes: one block of data, rows without a filter."""
    width, height, _, colour = struct.unpack(">IIBB", png[16:26])
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    samples = 3 if colour == 2 else 1
    rows = np.frombuffer(zlib.decompress(png[at + 4 : at + 4 + length]), dtype=np.uint8)
    return rows.reshape(height, 1 + width * samples)[:, 1:].reshape(height, width, samples)


def test_a_png_holds_the_pixels_that_it_was_made_of() -> None:
    grey = np.zeros((2, 3, 3), dtype=np.uint8)
    coloured = grey.copy()
    coloured[1, 2] = (255, 10, 0)
    assert _pixels_of(encode_png([row.tobytes() for row in grey])).shape == (2, 3, 1)
    assert (_pixels_of(encode_png([row.tobytes() for row in coloured])) == coloured).all()


def test_the_boxes_lie_on_the_quoted_words_of_a_real_book(shared_data: Path) -> None:
    storage = FileSystemStorage(location=shared_data / "books")
    raw = _text_of(shared_data / "books" / "freeculture.pdf", 65)
    quote = "As the RIAA alleged more than one hundred specific copyright infringements"
    normal = normalise(raw)
    at = normal.text.index(quote)
    start, end = normal.raw_span(at, at + len(quote))
    sheet = measure_page(storage=storage, key="freeculture.pdf", number=65, raw_text=raw, start=start, end=end)
    assert len(sheet.boxes) == 2  # it runs over one line's end
    document = pypdfium2.PdfDocument(shared_data / "books" / "freeculture.pdf")
    page = document[64]
    left, _, right, top = page.get_cropbox()
    scale = (right - left) / sheet.width
    words = [
        page.get_textpage().get_text_bounded(
            left=left + box.x * scale,
            bottom=top - (box.y + box.height * 0.7) * scale,
            right=left + (box.x + box.width) * scale,
            top=top - (box.y + box.height * 0.3) * scale,
        )
        for box in sheet.boxes
    ]
    document.close()
    assert normalise(" ".join(words)).text == quote


def test_the_ink_of_the_quote_lies_in_its_box_whatever_the_rotation(tmp_path: Path) -> None:
    for rotate in (0, 90, 180, 270):
        storage = _storage_of(tmp_path, f"BT /F 20 Tf 40 600 Td ({SENTENCE}) Tj ET".encode(), rotate=rotate)
        raw = _text_of(tmp_path / "one.pdf")
        sheet = measure_page(storage=storage, key="one.pdf", number=1, raw_text=raw, start=0, end=len(raw))
        pixels = _pixels_of(render_page(storage=storage, key="one.pdf", number=1)).min(axis=2)
        assert pixels.shape == (sheet.height, sheet.width)
        for box in sheet.boxes:
            pixels = pixels.copy()
            pixels[box.y : box.y + box.height + 1, box.x : box.x + box.width + 1] = 255
        assert sheet.boxes
        assert pixels.min() > 200, rotate  # no ink outside


def test_of_the_same_words_twice_those_that_were_quoted_are_marked(tmp_path: Path) -> None:
    stream = f"BT /F 20 Tf 40 600 Td ({SENTENCE}) Tj 0 -300 Td ({SENTENCE}) Tj ET".encode()
    storage = _storage_of(tmp_path, stream)
    raw = _text_of(tmp_path / "one.pdf")
    second = raw.rindex(SENTENCE)
    for start, is_below in ((raw.index(SENTENCE), False), (second, True)):
        sheet = measure_page(
            storage=storage, key="one.pdf", number=1, raw_text=raw, start=start, end=start + len(SENTENCE)
        )
        assert len(sheet.boxes) == 1
        assert (sheet.boxes[0].y > sheet.height / 2) is is_below


def test_a_quote_whose_lines_stand_in_another_order_is_marked_line_by_line(tmp_path: Path) -> None:
    stream = b"BT /F 20 Tf 40 600 Td (First in the file.) Tj 0 -200 Td (Second in the file.) Tj ET"
    raw = "Second in the file.\nFirst in the file."
    storage = _storage_of(tmp_path, stream)
    sheet = measure_page(storage=storage, key="one.pdf", number=1, raw_text=raw, start=0, end=len(raw))
    assert len(sheet.boxes) == 2


def test_words_that_are_not_on_the_page_get_no_box(tmp_path: Path) -> None:
    storage = _storage_of(tmp_path, b"BT /F 20 Tf 40 600 Td (Other words) Tj ET")
    sheet = measure_page(storage=storage, key="one.pdf", number=1, raw_text=SENTENCE, start=0, end=len(SENTENCE))
    assert sheet.boxes == ()


@pytest.mark.parametrize("box", ["0 0 200000 200000", "0 0 1 14400", "0 0 14400 1", "0 0 0.01 0.01"])
def test_a_page_of_any_size_gives_a_picture_of_bounded_size(tmp_path: Path, box: str) -> None:
    storage = _storage_of(tmp_path, b"0 0 1 rg 0 0 50 50 re f", box=box)
    pixels = _pixels_of(render_page(storage=storage, key="one.pdf", number=1))
    assert pixels.shape[1] <= 1201
    assert pixels.shape[0] <= 3601


def test_a_file_that_is_no_pdf_or_gone_or_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    storage = _storage_of(tmp_path, b"")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    for key, number, code in (
        ("bad.pdf", 1, "page_not_drawn"),
        ("gone.pdf", 1, "object_vanished"),
        ("one.pdf", 2, "page_not_drawn"),
    ):
        with pytest.raises(Unavailable) as caught:
            render_page(storage=storage, key=key, number=number)
        assert caught.value.code == code


def test_a_page_whose_file_lies_in_s3_is_drawn(storage: Any, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path / "data"
    on_disk = _storage_of(tmp_path, b"BT /F 20 Tf 40 600 Td (Words) Tj ET")
    with (tmp_path / "one.pdf").open("rb") as file:
        storage.save("one.pdf", File(file))
    for _ in range(2):
        drawn = render_page(storage=storage, key="one.pdf", number=1)
        assert drawn == render_page(storage=on_disk, key="one.pdf", number=1)
    assert len(list((tmp_path / "data" / "cache" / "objects" / "kept").iterdir())) == 1


@pytest.fixture
def drawer() -> Iterator[PageDrawer]:
    """A drawer of the test's own, with less patience."""
    drawer = PageDrawer(answer_s=1.5, turn_s=0.2)
    yield drawer
    drawer.close()


@pytest.fixture
def hostile(tmp_path: Path) -> FileSystemStorage:
    """Where a hostile PDF lies beside a harmless one."""
    (tmp_path / "endless.pdf").write_bytes(draw_for_ever())
    return _storage_of(tmp_path, b"0 0 1 rg 0 0 50 50 re f")


def _refusal(drawer: PageDrawer, storage: FileSystemStorage, key: str) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        drawer.render(storage=storage, key=key, number=1)
    assert refused.value.code == "page_not_drawn"
    return refused.value


def test_a_page_that_is_drawn_for_ever_is_given_up_and_the_next_is_drawn(
    drawer: PageDrawer, hostile: FileSystemStorage
) -> None:
    assert drawer.measure(storage=hostile, key="endless.pdf", number=1).width == 1200  # that is no harm
    _refusal(drawer, hostile, "endless.pdf")
    assert drawer.render(storage=hostile, key="one.pdf", number=1)


def test_a_page_that_ended_the_child_does_not_end_the_next_one(drawer: PageDrawer, hostile: FileSystemStorage) -> None:
    _refusal(drawer, hostile, "endless.pdf")
    assert drawer.render(storage=hostile, key="one.pdf", number=1)
    child = drawer.child
    _refusal(drawer, hostile, "endless.pdf")
    assert drawer.child is child
    assert child
    assert child.is_running


def test_a_page_that_takes_all_memory_harms_only_the_child(hostile: FileSystemStorage) -> None:
    (Path(hostile.location) / "greedy.pdf").write_bytes(take_all_memory())
    drawer = PageDrawer(answer_s=30)
    _refusal(drawer, hostile, "greedy.pdf")
    assert drawer.measure(storage=hostile, key="one.pdf", number=1).width == 1200
    drawer.close()


def test_a_child_that_died_is_replaced(drawer: PageDrawer, hostile: FileSystemStorage) -> None:
    picture = drawer.render(storage=hostile, key="one.pdf", number=1)
    assert drawer.child
    first = drawer.child.pid
    os.kill(first, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    assert drawer.child.wait(10) is not None
    assert drawer.render(storage=hostile, key="one.pdf", number=1) == picture
    assert drawer.child.pid != first


def test_one_child_serves_many_threads(hostile: FileSystemStorage) -> None:
    drawer = PageDrawer()
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(drawer.render, storage=hostile, key="one.pdf", number=1)
            if turn % 2
            else pool.submit(drawer.measure, storage=hostile, key="one.pdf", number=1)
            for turn in range(40)
        ]
        pictures = {answer.result() for answer in asked[1::2]}
        assert {answer.result() for answer in asked[::2]} == {PageSheet(1200, 1600)}
    assert len(pictures) == 1
    drawer.close()


def test_who_waits_too_long_for_another_page_is_told_so(drawer: PageDrawer, hostile: FileSystemStorage) -> None:
    drawer.measure(storage=hostile, key="one.pdf", number=1)
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(_refusal, drawer, hostile, "endless.pdf")
        while not endless.running():
            time.sleep(0.01)
        time.sleep(0.1)  # until it has its turn
        assert _refusal(drawer, hostile, "one.pdf").retryable
        endless.result()


def test_a_page_is_measured_while_another_is_drawn_for_ever(hostile: FileSystemStorage) -> None:
    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(render_page, storage=hostile, key="endless.pdf", number=1)
        time.sleep(0.1)
        assert measure_page(storage=hostile, key="one.pdf", number=1).width == 1200
        assert not endless.done()
        assert endless.exception()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at open files through /proc")
def test_the_child_holds_nothing_of_the_servers(
    drawer: PageDrawer, hostile: FileSystemStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "planted-secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        drawer.measure(storage=hostile, key="one.pdf", number=1)
        assert drawer.child
        child = Path("/proc") / str(drawer.child.pid)
        held = {str(entry.readlink()) for entry in (child / "fd").iterdir()}
        assert f"socket:[{os.fstat(server.fileno()).st_ino}]" not in held
        assert {name.partition(":")[0] for name in held} == {"pipe", "/dev/null"}
    assert b"planted-secret" not in (child / "environ").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_the_child_ends_with_a_server_that_dies_while_it_draws(hostile: FileSystemStorage) -> None:
    program = (
        "import sys, threading, time\n"
        "from django.core.files.storage import FileSystemStorage\n"
        "from hellotutor.documents.page_images import PageDrawer\n"
        "drawer, storage = PageDrawer(answer_s=60), FileSystemStorage(location=sys.argv[1])\n"
        "drawer.measure(storage=storage, key='one.pdf', number=1)\n"
        "print(drawer.child.pid, flush=True)\n"
        "drawer.render(storage=storage, key='endless.pdf', number=1)\n"
    )
    command = [sys.executable, "-c", program, str(hostile.location)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "hellotutor.config.django"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:
        assert server.stdout
        status = Path("/proc") / server.stdout.readline().decode().strip() / "stat"
        time.sleep(0.3)
        assert status.exists()
        server.kill()
    for _ in range(200):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child goes on drawing")
