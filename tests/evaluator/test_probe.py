"""`SandboxedEvaluator.probe`: what a program builds, found in the jail without training it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import FORWARD, INIT, candidate, processes_of_programs, program

CONFIG = EvaluatorConfig(
    task="digits-clean",
    workers=2,
    cpu_seconds=2,
    wall_seconds=20.0,
    memory_bytes=2**29,
    output_bytes=100_000,
    max_parameters=50_000,
)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG) as opened:
        yield opened


def probe(evaluator: SandboxedEvaluator, source: str) -> Probe:
    (result,) = evaluator.probe([source])
    return result


def judge(evaluator: SandboxedEvaluator, source: str) -> Evaluation:
    return next(iter(evaluator.evaluate([candidate(source)])))


def test_a_probe_says_of_a_network_what_its_evaluation_says(evaluator: SandboxedEvaluator) -> None:
    result, evaluation = probe(evaluator, program()), judge(evaluator, program())
    assert result.passed and result.stage is Stage.DONE and result.output_shape == (10,)
    assert (result.parameters, result.flops) == (evaluation.parameters, evaluation.flops) != (None, None)
    assert result.graph is not None and result.graph == evaluation.graph
    assert 0 < result.cpu_seconds < evaluation.cpu_seconds and result.wall_seconds > 0


HEAVY = INIT.replace("8 * 16, out_shape[0]", "8 * 16, 4096")


@pytest.mark.parametrize(
    "source",
    [
        "def f(:\n",
        "import torch",
        program(top="import socket"),
        program(top="import absent_pkg"),
        program(top="1 / 0"),
        program(init=HEAVY),
        program(init=INIT.replace("8 * 16", "99")),
        program(forward="return self.body(x)"),
        program(forward=f"{FORWARD} / 0"),
    ],
    ids=["syntax", "contract", "forbidden", "package", "import", "cap", "shapes", "output", "infinite"],
)
def test_what_fails_before_training_fails_in_the_same_words(
    evaluator: SandboxedEvaluator, source: str
) -> None:
    result, evaluation = probe(evaluator, source), judge(evaluator, source)
    assert not result.passed and result.output_shape is None
    assert (result.failure, result.stage) == (evaluation.status, evaluation.stage)
    assert (result.error_type, result.error) == (evaluation.error_type, evaluation.error)


def test_nothing_is_trained(evaluator: SandboxedEvaluator) -> None:
    result = probe(evaluator, program(learn="while True: pass"))
    assert result.passed and result.cpu_seconds < 1


def test_further_scores_are_seen_in_the_shape(evaluator: SandboxedEvaluator) -> None:
    assert probe(evaluator, program(init=INIT.replace("out_shape[0]", "100"))).output_shape == (100,)


def test_probes_come_in_the_order_of_the_sources(evaluator: SandboxedEvaluator) -> None:
    results = evaluator.probe([program(), "x =", program(forward="return [x]")] * 3)
    assert [each.failure for each in results] == [
        None,
        EvaluationStatus.SYNTAX_ERROR,
        EvaluationStatus.SHAPE_ERROR,
    ] * 3


def test_no_sources_are_no_probes(evaluator: SandboxedEvaluator) -> None:
    assert evaluator.probe([]) == []


@pytest.mark.parametrize("source", [program(), "x =", program(top="raise ValueError('\\ud800\\x1b[2J\\t')")])
def test_a_probe_is_one_row_that_can_be_read_again(evaluator: SandboxedEvaluator, source: str) -> None:
    result = probe(evaluator, source)
    assert Probe.model_validate_json(result.model_dump_json()) == result
    assert all(each.isprintable() or each == "\n" for each in f"{result.error_type} {result.error}")


def test_a_probe_during_an_evaluation_is_refused(evaluator: SandboxedEvaluator) -> None:
    under_way = evaluator.evaluate(candidate(program(), index) for index in range(3))
    next(under_way)
    with pytest.raises(RuntimeError, match="already"):
        evaluator.probe([program()])
    under_way.close()
    assert probe(evaluator, program()).passed


def test_a_probe_outside_of_the_block_is_refused() -> None:
    with pytest.raises(RuntimeError, match="`with` block"):
        SandboxedEvaluator(CONFIG).probe([program()])


# Programs that mean harm. `tests/evaluator/test_hostile_errands.py` probes the whole suite.

CHANNEL = """\
import json, os, time
def send(kind, payload):
    os.write(3, kind + len(payload).to_bytes(4, "big") + payload)
def say(**message):
    send(b"J", json.dumps(message).encode())
"""
FORGED = {
    "built twice": "say(event='built', parameters=1, flops=1)",
    "an accuracy": "say(event='complete', accuracy=1.0)",
    "trained": "say(event='trained', losses=[], passes=1.0, kept_bytes=0)",
    "classes": "send(b'C', bytes(24))",
    "the next stage": "say(event='stage', stage='learn')",
    "a huge frame": "os.write(3, b'J' + (2**31).to_bytes(4, 'big'))",
    "a word of a script": "say(event='script-ended')",
    "a pickle": "send(b'J', b'\\x80\\x04cposix\\nsystem\\n')",
}


@pytest.fixture(scope="module")
def unlinted() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG.model_copy(update={"lint": False, "workers": 1})) as opened:
        yield opened


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_frame_of_its_own_ends_a_probe(unlinted: SandboxedEvaluator, forged: str) -> None:
    result = probe(unlinted, program(top=f"{CHANNEL}{forged}\ntime.sleep(60)"))
    assert (result.failure, result.stage) == (EvaluationStatus.PROTOCOL_ERROR, Stage.IMPORT)
    assert result.parameters is None and result.graph is None and result.output_shape is None


def test_a_whole_forged_probe_is_a_claim_and_touches_no_evaluation(unlinted: SandboxedEvaluator) -> None:
    """Nothing can keep a process from lying of itself; so an evaluation trusts nothing that a probe said."""
    honest = judge(unlinted, program())
    lies = [
        *("say(event='stage', stage='init')", "say(event='stage', stage='forward')"),
        *("say(event='built', parameters=1, flops=1)", "say(event='probed', output_shape=[10])"),
    ]
    lying = program(top=CHANNEL + "\n".join(lies) + "\ntime.sleep(60)")
    result = probe(unlinted, lying)
    assert result.passed and result.parameters == 1 and result.graph is None
    assert judge(unlinted, lying).status is EvaluationStatus.PROTOCOL_ERROR
    again = judge(unlinted, program())
    assert (again.accuracy, again.losses) == (honest.accuracy, honest.losses) and honest.accuracy is not None


def test_what_a_probe_does_to_its_process_is_gone_with_it(unlinted: SandboxedEvaluator) -> None:
    spoil = """\
        import os, sys, threading, time
        frame = sys._getframe()
        while frame:
            if "data" in frame.f_locals:
                frame.f_locals["data"].inputs.zero_()
                frame.f_locals["data"].targets.zero_()
            frame = frame.f_back
        nn.Conv2d.forward = nn.CrossEntropyLoss.forward = lambda *_: 1 / 0
        threading.Thread(target=time.sleep, args=(60,)).start()
        open("left", "w").write("a note to the next one")
        os.chdir("/")
    """
    honest = judge(unlinted, program())
    assert not probe(unlinted, program(top=spoil)).passed
    look = "import os\nassert os.listdir() == [], os.listdir()"
    assert probe(unlinted, program(top=look)).passed
    again = judge(unlinted, program())
    assert (again.status, again.accuracy) == (EvaluationStatus.COMPLETE, honest.accuracy)
    assert again.losses == honest.losses
    assert processes_of_programs() == []
