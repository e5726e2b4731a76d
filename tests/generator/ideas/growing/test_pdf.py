"""PDFs as they are read: pages in order, faults by name, and none that takes the machine with it."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from generator.ideas.growing import pdf as reader
from generator.ideas.growing import pdf_child
from generator.ideas.growing.documents import read_documents
from generator.ideas.growing.pdf import UnreadableDocument, read_pages
from tests.generator.ideas.growing.papers import assembled, pdf

pypdf = pytest.importorskip("pypdf", reason="needs pypdf: pip install -e '.[papers]'")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(["secret"])))
    writer.encrypt("password", algorithm="RC4-128")
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


def test_pages_are_sections_in_order_and_words_at_line_ends_are_whole(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    written(folder / "a.pdf", pdf(["Batch nor-\nmalisation first.", "", "Then activation."]))
    (document,) = read_documents(folder).documents
    assert [each.title for each in document.sections] == ["page 1", "page 3"]
    assert document.sections[0].text.split() == ["Batch", "normalisation", "first."]


def test_an_encrypted_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableDocument, match=r"encrypted\. Save a copy without a password: qpdf --decrypt"
    ):
        read_pages(written(tmp_path / "a.pdf", encrypted()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no PDF at all",
        b"%PDF-1.4\n",
        pdf(["text"])[:200],
        assembled(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [2 0 R] >>"]),
        assembled(["<< /Type /Catalog /Pages 2 0 R >>", "[" * 100_000 + "]" * 100_000]),
    ],
    ids=["empty", "text", "head", "cut", "circle", "deep"],
)
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(
        UnreadableDocument, match=r"(damaged|no text).*\. (Save it anew|Give its text)"
    ) as said:
        read_pages(written(tmp_path / "a.pdf", content))
    assert len(str(said.value)) < 700 and "\n" not in str(said.value)


def test_a_scan_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"its pages hold no text \(a scan\?\)"):
        read_pages(written(tmp_path / "a.pdf", pdf(["", " "])))


def test_more_pages_than_are_read_are_not_the_whole(tmp_path: Path) -> None:
    pages = read_pages(written(tmp_path / "a.pdf", pdf(["text"] * (pdf_child.MOST_PAGES + 1))))
    assert len(pages.texts) == pdf_child.MOST_PAGES and not pages.whole


def test_a_page_that_unpacks_to_much_costs_neither_the_memory_nor_the_other_pages(
    tmp_path: Path,
) -> None:
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(b" " * (1 << 24)) for _ in range(16)) + packer.flush()
    first, second, *rest = pdf(["first", "bomb", "last"]).split(b"endstream")
    head = second[: second.index(b"<< /Length")]
    bomb = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\n" % (len(packed), packed)
    content = b"endstream".join([first, head + bomb, *rest])
    pages = read_pages(written(tmp_path / "a.pdf", content))
    assert [text.strip() for text in pages.texts] == ["first", "", "last"]


def test_no_damage_gets_past_the_reading_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is read in this process, where an exception would be seen."""
    rng, whole = random.Random(0), pdf(["Batch normalisation first.", "Then activation."])
    ends = {"read": 0, "damaged": 0}
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            at, length = rng.randrange(len(content)), rng.choice([1, 1, 8, 60])
            content[at : at + length] = rng.choice([b"", b"<<", b"[", b"99999", b" 2 0 R ", rng.randbytes(4)])
        fault = pdf_child._pages(bytes(content))
        ends["damaged" if fault else "read"] += 1
        assert fault is None or fault == "encrypted" or fault.startswith("damaged")
        assert all(json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert min(ends.values()) > 10


def test_what_was_read_before_the_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"page": "one"}), json.dumps({"page": "two"}), '{"page": "thr']
    monkeypatch.setattr(reader, "_child", lambda _: "\n".join(lines[:2]) + "\n")
    pages = read_pages(written(tmp_path / "a.pdf", pdf(["text"])))
    assert pages.texts == ("one", "two") and not pages.whole
    monkeypatch.setattr(reader, "_child", lambda _: "")
    with pytest.raises(UnreadableDocument, match="takes too much time or memory"):
        read_pages(tmp_path / "a.pdf")


def test_the_reading_process_ends_at_its_limit_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is the real one, with a limit of one second and a reader that never ends its second page."""
    code = (
        "import pypdf, sys\n"
        "from generator.ideas.growing import pdf_child\n"
        "pdf_child.CPU_SECONDS = 1\n"
        "real, calls = pypdf.PageObject.extract_text, []\n"
        "def endless(page):\n"
        "    calls.append(page)\n"
        "    while len(calls) > 1: pass\n"
        "    return real(page)\n"
        "pypdf.PageObject.extract_text = endless\n"
        "pdf_child.main()\n"
    )
    real = subprocess.run
    monkeypatch.setattr(
        reader.subprocess, "run", lambda command, **rest: real([sys.executable, "-c", code], **rest)
    )
    pages = read_pages(written(tmp_path / "a.pdf", pdf(["one", "two"])))
    assert [text.strip() for text in pages.texts] == ["one"] and not pages.whole


def test_without_the_library_the_remedy_is_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnreadableDocument, match=r"pip install -e '\.\[papers\]'"):
        read_pages(written(tmp_path / "a.pdf", pdf(["text"])))
