"""Documents as they are read: each kind, the licence that each states, and what strangers may put there."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from generator.ideas.growing import documents
from generator.ideas.growing.documents import DocumentError, Reading, read_documents
from generator.ideas.growing.pdf_child import MAX_CHARACTERS
from tests.generator.ideas.growing.papers import PAPER


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def names(read: Reading) -> list[str]:
    return [each.name for each in read.documents]


def test_markdown_is_read_below_its_headings_without_code(tmp_path: Path) -> None:
    read = read_documents(write(tmp_path / "papers", paper__md=PAPER))
    (paper,) = read.documents
    assert [section.title for section in paper.sections] == ["Small networks", "Activations", "Blocks"]
    assert "GELU" in paper.sections[1].text and "nn." not in "".join(each.text for each in paper.sections)
    assert paper.whole and read.passed_over == ()


def test_text_is_one_section_and_other_files_are_none(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "papers", b__txt="Some text.", a__TXT="More.", c__py="x = 1", LICENSE__txt="MIT"
    )
    (folder / ".hidden.txt").write_text("hidden")
    (folder / "below").mkdir()
    (folder / "below" / "d.text").write_text("Below.")
    read = read_documents(folder)
    assert names(read) == ["a.TXT", "b.txt", "below/d.text"]
    assert [(each.title, each.text) for each in read.documents[1].sections] == [("", "Some text.")]


def test_one_file_may_be_named(tmp_path: Path) -> None:
    write(tmp_path / "papers", a__txt="Some text.", b__txt="Other text.")
    assert names(read_documents(tmp_path / "papers" / "b.txt")) == ["b.txt"]


def test_a_document_is_known_by_what_it_says(tmp_path: Path) -> None:
    read = read_documents(write(tmp_path / "papers", a__txt="One.", b__txt="One.", c__txt="Two."))
    first, same, other = (each.digest for each in read.documents)
    assert first == same != other


def test_the_licence_is_that_of_the_text_then_of_its_own_file_then_of_the_folder(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "papers",
        a__md=PAPER,
        b__txt="Some text.",
        b__txt__license="SPDX-License-Identifier: CC0-1.0\n",
        c__txt="Some text.",
        LICENSE="MIT License\n\nCopyright",
    )
    write(folder / "below", d__txt="Some text.")
    write(folder / "other", e__txt="Some text.", LICENCE="All rights reserved")
    found = {each.name: each.licence for each in read_documents(folder).documents}
    assert found == {
        "a.md": "CC-BY-4.0",
        "b.txt": "CC0-1.0",
        "c.txt": "MIT",
        "below/d.txt": "MIT",
        "other/e.txt": "NOASSERTION",
    }


def test_a_licence_file_above_the_folder_does_not_count_and_the_users_word_does(tmp_path: Path) -> None:
    write(tmp_path, LICENSE="MIT License")
    folder = write(tmp_path / "papers", a__txt="Some text.", b__md=PAPER)
    assert [each.licence for each in read_documents(folder).documents] == ["NOASSERTION", "CC-BY-4.0"]
    assert [each.licence for each in read_documents(folder, "MIT-0").documents] == ["MIT-0", "CC-BY-4.0"]


def test_no_folder_and_nothing_to_read_are_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"no such folder\. Name one"):
        read_documents(tmp_path / "absent")
    with pytest.raises(DocumentError, match=r"no document is there: archloop reads \.pdf, \.md and \.txt"):
        read_documents(write(tmp_path / "papers", a__py="x = 1"))
    with pytest.raises(DocumentError, match=r"none of its 2 documents can be read\. The first: .*no text"):
        read_documents(write(tmp_path / "empty", a__txt=" \n", b__md="\n"))


def test_what_cannot_be_read_is_passed_over_with_its_reason(tmp_path: Path) -> None:
    folder = write(tmp_path / "papers", good__txt="Some text.")
    (folder / "binary.txt").write_bytes(b"text\0\0text")
    (folder / "latin.txt").write_bytes("für".encode("latin-1"))
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(1 << 30)
    os.mkfifo(folder / "pipe.txt")
    tracemalloc.start()
    read = read_documents(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert names(read) == ["good.txt"] and peak < 30_000_000
    said = "\n".join(read.passed_over)
    for part in ("zero bytes", "not UTF-8", "larger than 4,000,000 bytes", "not a regular file"):
        assert part in said
    assert all(line.count("\n") == 0 and line.endswith(".") for line in read.passed_over)


def test_links_out_of_the_folder_and_in_circles_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "secret", key__txt="do not show this")
    folder = write(tmp_path / "papers", a__txt="Some text.")
    (folder / "out.txt").symlink_to(tmp_path / "secret" / "key.txt")
    (folder / "outside").symlink_to(tmp_path / "secret")
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "again").symlink_to(folder)
    (folder / "same.txt").symlink_to(folder / "a.txt")
    assert names(read_documents(folder)) == ["a.txt", "same.txt"]


@pytest.mark.parametrize("line", ["word\n", "# a\n", "#\n", "```\n", "\n", "# "])
def test_a_million_lines_are_read_as_far_as_the_bound_and_quickly(tmp_path: Path, line: str) -> None:
    folder = write(tmp_path / "papers", a__md="Begin.\n" + line * (3_900_000 // len(line)))
    start = time.process_time()
    (document,) = read_documents(folder).documents
    assert time.process_time() - start < 5
    assert not document.whole and sum(len(each.text) for each in document.sections) <= MAX_CHARACTERS


def test_all_documents_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_CHARACTERS", 25)
    monkeypatch.setattr(documents, "MOST_DOCUMENTS", 4)
    read = read_documents(write(tmp_path / "papers", **{f"{each}__txt": "ten signs." for each in "abcdef"}))
    assert names(read) == ["a.txt", "b.txt", "c.txt"]
    assert len(read.passed_over) == 1 and "Name a folder with fewer" in read.passed_over[0]
