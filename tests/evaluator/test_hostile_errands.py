"""The hostile programs of `tests/hostile` as probes and, where their trick is in their import, as scripts.

They run in the strongest tier that this machine offers and without lint, which scripts never have. After
each, the canaries outside are looked at; the same honest program is evaluated before and after all.
"""

from __future__ import annotations

import dataclasses
import os

import pytest

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import ScriptEnding, Transcript
from evaluator.child.confinement import children
from evaluator.config import EvaluatorConfig, ScriptConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import candidate, processes_of_programs, program
from tests.hostile.canaries import Canaries
from tests.hostile.suite import Expectation, HostileProgram, hostile_programs

LIMITS = {"cpu_seconds": 1, "wall_seconds": 8.0, "memory_bytes": 2**29, "output_bytes": 100_000}
CONFIG = EvaluatorConfig.model_validate(
    LIMITS | {"task": "digits-clean", "workers": 2, "lint": False, "scripts": ScriptConfig(**LIMITS)}
)
BEFORE_TRAINING = {Stage.LINT, Stage.IMPORT, Stage.INIT, Stage.FORWARD}
ENDINGS = {
    EvaluationStatus.RUNTIME_ERROR: ScriptEnding.RAISED,
    EvaluationStatus.MISSING_DEPENDENCY: ScriptEnding.RAISED,
    EvaluationStatus.CRASHED: ScriptEnding.CRASHED,
    EvaluationStatus.PROTOCOL_ERROR: ScriptEnding.CRASHED,
    EvaluationStatus.OUTPUT_LIMIT: ScriptEnding.LIMIT_EXCEEDED,
    EvaluationStatus.OUT_OF_MEMORY: ScriptEnding.LIMIT_EXCEEDED,
    EvaluationStatus.TIMEOUT: ScriptEnding.LIMIT_EXCEEDED,
}
"""What a script's end is called where a program's evaluation has that status."""

SAMPLE = {
    *("files/read_secret_file", "files/steal_labels", "files/look_for_leftovers", "files/write_everywhere"),
    *("files/look_for_leftovers_again", "files/read_supervisor_memory", "files/read_own_descriptors"),
    *("forgery/states_accuracy", "forgery/skips_stages", "forgery/huge_length", "forgery/closed_channel"),
    *("forgery/system_exit", "forgery/exit_early", "forgery/pickle_in_place_of_a_tensor"),
    *("network/tcp_connect", "network/unix_abstract", "network/udp_send", "output/flood_by_descriptor"),
    *("processes/fork", "processes/kill_parent", "processes/kill_all", "processes/daemon", "processes/exec"),
    *("limits/loop_at_import", "limits/memory_at_import", "limits/thread_bomb", "kernel/mount"),
}
"""What also the quick run of the tests tries; the whole suite is slow."""


@dataclasses.dataclass
class Sweep:
    """What became of the programs.

    Attributes:
        secret: What none of them may have learnt.
        programs: Those that this machine can contain.
        probes: The probe of each, by its name.
        transcripts: The transcript of each whose trick is in its import.
        touched: The canaries that were found touched, with the job that had just ended.
        honest: Status, accuracy and losses of the same program, before and after.
        left: Processes that were there when all was over.
    """

    secret: str
    programs: list[HostileProgram]
    probes: dict[str, Probe] = dataclasses.field(default_factory=dict)
    transcripts: dict[str, Transcript] = dataclasses.field(default_factory=dict)
    touched: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    honest: list[tuple[object, ...]] = dataclasses.field(default_factory=list)
    left: list[int] = dataclasses.field(default_factory=list)


@pytest.fixture(
    scope="module",
    params=[pytest.param(False, id="sample"), pytest.param(True, id="all", marks=pytest.mark.slow)],
)
def sweep(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    with Canaries(tmp_path_factory.mktemp("canaries")) as canaries, SandboxedEvaluator(CONFIG) as evaluator:
        assert evaluator.tier is not None
        barriers = frozenset(evaluator.tier.barriers)
        wanted = [each for each in hostile_programs() if request.param or each.name in SAMPLE]
        found = Sweep(canaries.secret, [each for each in wanted if each.missing(barriers) is None])
        known = canaries.known_to_the_program(evaluator._scratch.path)
        _judge_honestly(evaluator, found)
        zygotes = children(os.getpid())  # both are at work by now
        for each in found.programs:
            source = each.source(known)
            (found.probes[each.name],) = evaluator.probe([source])
            _look(canaries, found, f"probe of {each.name}")
            if each.jailed.stages == {Stage.IMPORT}:
                found.transcripts[each.name] = evaluator.execute(source)
                _look(canaries, found, f"script of {each.name}")
        _judge_honestly(evaluator, found)
        found.left = [*processes_of_programs(), *(set(children(os.getpid())) ^ set(zygotes))]
    return found


def _judge_honestly(evaluator: SandboxedEvaluator, sweep: Sweep) -> None:
    for result in evaluator.evaluate([candidate(program(), index) for index in range(2)]):
        sweep.honest.append((result.status, result.accuracy, result.losses))


def _look(canaries: Canaries, sweep: Sweep, job: str) -> None:
    if touched := canaries.touched():
        sweep.touched[job] = touched


def objection(expected: Expectation, result: Probe) -> str | None:
    """Return what is wrong with the probe of a program whose evaluation is `expected`, None if nothing."""
    said = f"{result.failure} at {result.stage}: {result.error_type}: {result.error}"
    if result.passed:
        later = not expected.stages or expected.stages - BEFORE_TRAINING
        return None if later else "it passed"
    early = not expected.stages or expected.stages & BEFORE_TRAINING
    return None if early and result.failure in expected.statuses else said


def test_a_probe_ends_as_the_evaluation_would_or_before_the_trick(sweep: Sweep) -> None:
    objections = {each.name: objection(each.jailed, sweep.probes[each.name]) for each in sweep.programs}
    assert {name: said for name, said in objections.items() if said} == {}
    assert len(objections) >= 20


def test_a_script_ends_in_a_typed_way(sweep: Sweep) -> None:
    wrong = {}
    for each in sweep.programs:
        if (result := sweep.transcripts.get(each.name)) is not None:
            # A script has less time than a program, so that a limit may end a trick first.
            allowed = {ENDINGS[status] for status in each.jailed.statuses} | {ScriptEnding.LIMIT_EXCEEDED}
            if result.ending not in allowed or result.error_type == "Escaped":
                wrong[each.name] = result
    assert wrong == {}
    assert len(sweep.transcripts) >= 15


def test_no_trick_works(sweep: Sweep) -> None:
    assert [name for name, each in sweep.probes.items() if each.error_type == "Escaped"] == []


def test_no_canary_is_touched(sweep: Sweep) -> None:
    assert sweep.touched == {}


def test_no_record_holds_a_secret(sweep: Sweep) -> None:
    records = [*sweep.probes.items(), *sweep.transcripts.items()]
    assert [name for name, each in records if sweep.secret in each.model_dump_json()] == []


def test_every_record_can_be_read_again(sweep: Sweep) -> None:
    for probe in sweep.probes.values():
        assert Probe.model_validate_json(probe.model_dump_json()) == probe
    for transcript in sweep.transcripts.values():
        assert Transcript.model_validate_json(transcript.model_dump_json()) == transcript


def test_every_job_ends_in_its_time(sweep: Sweep) -> None:
    for name, each in [*sweep.probes.items(), *sweep.transcripts.items()]:
        assert each.wall_seconds < LIMITS["wall_seconds"] + 1 and each.cpu_seconds < 3, name


def test_an_honest_program_gets_the_same_result_before_and_after_to_the_bit(sweep: Sweep) -> None:
    assert sweep.honest[0][0] is EvaluationStatus.COMPLETE
    assert sweep.honest == sweep.honest[:1] * 4


def test_no_process_is_left(sweep: Sweep) -> None:
    assert sweep.left == []
