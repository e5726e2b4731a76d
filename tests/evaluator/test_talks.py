"""What a child may claim in a probe and in a script: the supervisor's side, without any process."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import MAX_OUTPUT_CHARACTERS
from evaluator.channel.framing import Frame, Kind
from evaluator.supervisor.errands.probing import ProbeTalk
from evaluator.supervisor.errands.scripting import ScriptTalk
from evaluator.supervisor.errands.talk import ProtocolBreach
from evaluator.supervisor.printed import KEPT_CHARACTERS, Printed, PrintedReader


def said(**message: object) -> Frame:
    return Frame(Kind.JSON, json.dumps(message).encode())


def stages(*names: Stage) -> list[Frame]:
    return [said(event="stage", stage=name) for name in names]


TO_FORWARD = stages(Stage.LINT, Stage.IMPORT, Stage.INIT, Stage.FORWARD)
BUILT = said(event="built", parameters=12, flops=None)
PROBED = said(event="probed", output_shape=[10])
FAILED = said(event="failed", status="RUNTIME_ERROR", error_type=None, error="x")
NODE = {"op": "input", "attributes": "", "inputs": [], "shape": [-1, 1, 8, 8]}
GRAPH = said(event="graph", nodes=[NODE], last=True)
TRAINED = said(event="trained", losses=[], passes=1.0, kept_bytes=0)
CLASSES = Frame(Kind.CLASSES, bytes(16))


def probe_after(frames: list[Frame]) -> ProbeTalk:
    talk = ProbeTalk("source")
    for frame in frames:
        assert talk.receive(frame) == b""
    return talk


def test_a_probe_ends_with_its_network() -> None:
    talk = probe_after([*TO_FORWARD, BUILT, GRAPH, PROBED])
    assert talk.finished and talk.probed is not None and talk.probed.output_shape == (10,)
    assert talk.graph is not None and talk.failure is None


@pytest.mark.parametrize(
    "forged",
    [
        [PROBED],
        [*TO_FORWARD, PROBED],
        [*TO_FORWARD, BUILT, BUILT],
        [*TO_FORWARD[:2], BUILT],
        [*TO_FORWARD, GRAPH],
        [*TO_FORWARD, BUILT, GRAPH, GRAPH],
        [*TO_FORWARD, BUILT, *stages(Stage.LEARN)],
        [*TO_FORWARD, BUILT, TRAINED],
        [*TO_FORWARD, BUILT, CLASSES],
        [*TO_FORWARD, BUILT, PROBED, PROBED],
        [*TO_FORWARD, said(event="script-ended")],
        [*TO_FORWARD, said(event="probed", output_shape=[10], accuracy=1.0)],
        [*TO_FORWARD, said(event="built", parameters=-1, flops=None)],
        [*TO_FORWARD, BUILT, said(event="probed", output_shape=[-1])],
        [*TO_FORWARD, BUILT, said(event="probed", output_shape=[1] * 65)],
        [*TO_FORWARD, BUILT, Frame(Kind.SOURCE, b"x = 1")],
        [FAILED],
    ],
)
def test_a_forged_frame_ends_a_probe(forged: list[Frame]) -> None:
    with pytest.raises(ProtocolBreach):
        probe_after(forged)


def script_after(frames: list[Frame]) -> ScriptTalk:
    talk = ScriptTalk("code")
    for frame in frames:
        assert talk.receive(frame) == b""
    return talk


@pytest.mark.parametrize("word", [said(event="script-ended"), FAILED])
def test_a_script_has_one_word(word: Frame) -> None:
    assert script_after([word]).finished
    with pytest.raises(ProtocolBreach):
        script_after([word, word])


@pytest.mark.parametrize(
    "forged",
    [
        *(*TO_FORWARD, BUILT, PROBED, GRAPH, TRAINED, CLASSES),
        said(event="script-ended", accuracy=1.0),
        said(event="failed", status="COMPLETE", error_type=None, error="x"),
        Frame(Kind.JSON, b"[" * 4000),
        Frame(Kind.JSON, b"\xff"),
        Frame(Kind.IMAGES, b""),
    ],
)
def test_a_script_has_no_other_word(forged: Frame) -> None:
    with pytest.raises(ProtocolBreach):
        script_after([forged])


def test_a_probe_that_passed_says_what_it_built() -> None:
    with pytest.raises(ValidationError, match="output's shape"):
        Probe(failure=None, stage=Stage.DONE, parameters=3)
    with pytest.raises(ValidationError, match="passed in stage init"):
        Probe(failure=None, stage=Stage.INIT, parameters=3, output_shape=(10,))
    with pytest.raises(ValidationError, match="failed in stage done"):
        Probe(failure=EvaluationStatus.TIMEOUT, stage=Stage.DONE)


def printed(*parts: bytes) -> Printed:
    reader = PrintedReader()
    for part in parts:
        reader.feed(part)
    return reader.close()


def test_a_text_of_the_longest_length_is_not_cut() -> None:
    assert printed(b"x" * 5_000).excerpt(MAX_OUTPUT_CHARACTERS) == ("x" * 5_000, 0)


def test_a_longer_text_keeps_its_ends_and_says_how_much_is_left_out() -> None:
    text, left_out = printed(b"first " + b"x" * 5_000, b"y" * 5_000 + b" last").excerpt(MAX_OUTPUT_CHARACTERS)
    assert len(text) <= MAX_OUTPUT_CHARACTERS
    assert text.startswith("first x") and text.endswith("y last")
    notice = f"\n[... {left_out} characters are left out here ...]\n"
    assert notice in text and len(text) - len(notice) + left_out == 10_011


def test_characters_come_out_whole_however_the_bytes_arrive() -> None:
    data = "äöü €😀".encode()
    assert printed(*(bytes([byte]) for byte in data)).head == "äöü €😀"


def test_output_is_valid_text_whatever_the_bytes() -> None:
    text, _ = printed(bytes(range(256)) + "\u202e\ud800".encode("utf-8", "surrogatepass")).excerpt(5_000)
    assert text.encode() and all(each.isprintable() or each in "\n\t" for each in text)
    assert "a\tb\n" in printed(b"a\tb\n").excerpt(5_000)[0]


def test_a_progress_bar_becomes_lines() -> None:
    assert printed(b"10%\r20%\r").excerpt(5_000)[0] == "10%\n20%\n"


def test_a_flood_takes_no_memory() -> None:
    reader, part = PrintedReader(), b"flood\n" * 10_000
    tracemalloc.start()
    for _ in range(100):
        reader.feed(part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = reader.close()
    assert kept.characters == 6_000_000 and len(kept.head) == len(kept.tail) == KEPT_CHARACTERS
    assert peak < 10 * len(part)
