"""From the end of a program's stay to its evaluation.

The score is the exam's, the wall time the supervisor's, processor time and memory the kernel's.
Parameters, FLOPs, graph, losses, the use of the images and the text of an error are what the program's
process said.

This module does *not* talk to processes.
"""

from __future__ import annotations

import re
import signal

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.prompts import FinishReason
from corpus.records.tasks.kinds import Metric, TaskKind
from evaluator.channel.limits import Limits
from evaluator.channel.messages import MAX_ERROR_CHARACTERS, MAX_LOSSES, Trained
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.conversation import Conversation
from evaluator.supervisor.errands.building import BuildingTalk
from evaluator.supervisor.printed import printable
from evaluator.supervisor.session import Cause, Ending
from evaluator.tasks import TaskSpec

_NATIVE_MEMORY = re.compile(r"bad_alloc|allocate memory|out of memory", re.IGNORECASE)
_LAST_WORDS_CHARACTERS = 200
_TAIL_CHARACTERS = 2_000

Finding = tuple[EvaluationStatus, str]
"""A status, and the reason for it."""


def no_code(candidate: Candidate, protocol: str) -> Evaluation:
    """Return the evaluation of a completion that held no program, or of a prompt that was refused."""
    error = "the completion holds no program"
    if candidate.finish_reason is FinishReason.REFUSED:
        error = f"the prompt was refused: {candidate.completion}"
    return Evaluation(
        candidate_id=candidate.id,
        protocol_id=protocol,
        status=EvaluationStatus.NO_CODE,
        stage=Stage.EXTRACT,
        error=printable(error[:MAX_ERROR_CHARACTERS]),
    )


def unknown(candidate: Candidate, protocol: str, error: str) -> Evaluation:
    """Return the evaluation of a program that whoever answers in place of trainings does not know."""
    return Evaluation(
        candidate_id=candidate.id,
        protocol_id=protocol,
        status=EvaluationStatus.CONTRACT_ERROR,
        stage=Stage.LINT,
        error=error,
    )


def unjudgeable(candidate: Candidate, protocol: str, attempts: int) -> Evaluation:
    """Return the evaluation of a program with which zygote after zygote died, each of them healthy before."""
    return Evaluation(
        candidate_id=candidate.id,
        protocol_id=protocol,
        status=EvaluationStatus.CRASHED,
        stage=Stage.IMPORT,
        error=died_with_its_zygote(attempts),
    )


def died_with_its_zygote(attempts: int) -> str:
    """Return the error of a text with which zygote after zygote died."""
    return f"the process that it was started from died with it, {attempts} times out of {attempts}"


def evaluation(
    candidate: Candidate,
    protocol: str,
    talk: Conversation,
    ending: Ending,
    config: EvaluatorConfig,
    *,
    task: TaskSpec,
    max_kept_bytes: int,
) -> Evaluation:
    """Return the evaluation that `talk` and `ending` amount to.

    Args:
        candidate: The program.
        protocol: Its protocol's id.
        talk: What its process said.
        ending: What the kernel and the clock said.
        config: The limits.
        task: What is known of the task with its data: metric, chance.
        max_kept_bytes: What a program may hold of the training images.
    """
    stage, trained = talk.stage, talk.trained
    losses = trained.losses if trained else ()
    status: EvaluationStatus
    error_type: str | None = None
    detail: str | None
    if talk.accuracy is not None:  # whatever happened while its answers were timed
        stage = Stage.DONE
        finding = reuse(trained, config, max_kept_bytes)
        status, detail = finding or grade(talk.accuracy, bar(config, task), task.shape.kind.metric)
    elif talk.failure is not None:
        status, error_type, detail = talk.failure.status, talk.failure.error_type, talk.failure.error
    elif talk.stopped is not None:
        losses = talk.stopped.losses
        status, detail = stopped(losses)
    else:
        status, detail = unfinished(ending, config.limits)
    return _record(
        candidate,
        protocol,
        talk,
        ending,
        (status, error_type, detail),
        stage,
        trained,
        losses,
        accuracy=talk.accuracy,
        latency_seconds=talk.latency_seconds,
    )


def broken_off(
    candidate: Candidate,
    protocol: str,
    talk: BuildingTalk,
    ending: Ending,
    limits: Limits,
    *,
    trained: Trained | None = None,
    finding: Finding | None = None,
) -> Evaluation:
    """Return the evaluation of a talk that came to nothing, without an accuracy.

    Args:
        candidate: The program.
        protocol: Its protocol's id.
        talk: What its process said.
        ending: What the kernel and the clock said.
        limits: What the process was allowed.
        trained: What it said of its training.
        finding: What is wrong with what it said, where the talk itself went well.
    """
    error_type = None
    if talk.failure is not None:
        error_type, finding = talk.failure.error_type, (talk.failure.status, talk.failure.error)
    status, detail = finding or unfinished(ending, limits)
    losses = trained.losses if trained else ()
    return _record(
        candidate, protocol, talk, ending, (status, error_type, detail), talk.stage, trained, losses
    )


def _record(
    candidate: Candidate,
    protocol: str,
    talk: BuildingTalk,
    ending: Ending,
    conclusion: tuple[EvaluationStatus, str | None, str | None],
    stage: Stage,
    trained: Trained | None,
    losses: tuple[float, ...],
    accuracy: float | None = None,
    latency_seconds: float | None = None,
) -> Evaluation:
    status, error_type, detail = conclusion
    return Evaluation(
        candidate_id=candidate.id,
        protocol_id=protocol,
        status=status,
        stage=stage,
        accuracy=accuracy,
        losses=losses,
        passes=trained.passes if trained else None,
        kept_bytes=trained.kept_bytes if trained else None,
        wall_seconds=ending.wall_seconds,
        cpu_seconds=ending.exited.cpu_seconds,
        parameters=talk.built.parameters if talk.built else None,
        flops=talk.built.flops if talk.built else None,
        latency_seconds=latency_seconds,
        peak_memory_bytes=ending.exited.peak_memory_bytes,
        error_type=error_type and printable(error_type),
        error=detail and printable(detail[:MAX_ERROR_CHARACTERS]),
        output_tail=printable(ending.printed.tail[-_TAIL_CHARACTERS:]) or None,
        graph=talk.graph,
    )


def bar(config: EvaluatorConfig, task: TaskSpec) -> float:
    """Return the score that a program has to beat to be valid.

    A constant answer may come near the best score, so beyond single-label tasks no more is ever asked than
    half of what it leaves (our choice).
    """
    often = config.below_chance_factor * task.chance
    return often if task.shape.kind is TaskKind.SINGLE_LABEL else min(often, (1.0 + task.chance) / 2.0)


def grade(score: float, bar: float, metric: Metric = Metric.ACCURACY) -> tuple[EvaluationStatus, str | None]:
    """Return the status of a program that predicted, and what is said of one that did not beat `bar`."""
    if score > bar:
        return EvaluationStatus.COMPLETE, None
    wanted = "less" if metric.less_is_better else "more"
    reached, asked = metric.of(score), metric.of(bar)
    return EvaluationStatus.BELOW_CHANCE, f"{metric.words} {reached:.3f}, {wanted} than {asked:.3f} is wanted"


def stopped(losses: tuple[float, ...]) -> Finding:
    """Return the verdict on a program whose training was ended early, with what it said of its loss."""
    lowest = f"{min(losses):.3f}" if losses else "unknown"
    return (
        EvaluationStatus.STOPPED,
        f"its lowest loss was {lowest}, {len(losses)} of {MAX_LOSSES} parts through",
    )


def reuse(trained: Trained | None, config: EvaluatorConfig, max_kept_bytes: int) -> Finding | None:
    """Return the verdict on a program that took more than one pass, None if it did not, or did not train."""
    if trained is None:
        return None
    if trained.passes > config.max_passes:
        allowed = f"{config.max_passes:g} are allowed"
        detail = f"it learnt from the training images {trained.passes:.1f} times, {allowed}"
        return EvaluationStatus.REUSED_DATA, detail
    if trained.kept_bytes > max_kept_bytes:
        detail = f"it kept {trained.kept_bytes:,} bytes of what it was shown, {max_kept_bytes:,} are allowed"
        return EvaluationStatus.REUSED_DATA, detail
    return None


def unfinished(ending: Ending, limits: Limits) -> tuple[EvaluationStatus, str]:
    """Return what ended a program that neither failed by its own account nor finished, and its last words."""
    status, detail = cause(ending, limits)
    tail = " ".join(ending.printed.tail.split())[-_LAST_WORDS_CHARACTERS:]
    return status, f"{detail}; it printed: {tail}" if tail else detail


def cause(ending: Ending, limits: Limits) -> tuple[EvaluationStatus, str]:
    """Return what ended a child that neither failed by its own account nor finished."""
    match ending.cause:
        case Cause.WALL_TIME:
            return EvaluationStatus.TIMEOUT, f"more than {limits.wall_seconds:g} seconds of wall time"
        case Cause.OUTPUT:
            return EvaluationStatus.OUTPUT_LIMIT, f"it printed more than {limits.output_bytes} bytes"
        case Cause.BREACH:
            return EvaluationStatus.PROTOCOL_ERROR, ending.detail
        case Cause.SILENCE:
            return EvaluationStatus.CRASHED, "it closed the result channel"
    return _self_inflicted(ending, limits)


def _self_inflicted(ending: Ending, limits: Limits) -> tuple[EvaluationStatus, str]:
    code = ending.exited.exit_code
    if ending.exited.too_many_processes:
        allowed = f"{limits.max_processes} processes and {limits.max_threads} threads are allowed"
        return EvaluationStatus.FORBIDDEN, f"it started too many: {allowed}"
    if ending.exited.too_much_memory:
        return EvaluationStatus.OUT_OF_MEMORY, f"more than {limits.memory_bytes} bytes"
    if code < 0 and ending.exited.cpu_seconds >= _used_up(code) * limits.cpu_seconds:
        return EvaluationStatus.TIMEOUT, f"more than {limits.cpu_seconds} seconds of processor time"
    if _NATIVE_MEMORY.search(ending.printed.tail):
        return EvaluationStatus.OUT_OF_MEMORY, f"more than {limits.memory_bytes} bytes"
    if code < 0:
        return EvaluationStatus.CRASHED, f"its process died of {_signal_name(-code)}"
    return EvaluationStatus.CRASHED, f"its process left with exit code {code} and without an answer"


def _used_up(code: int) -> float:
    """Return from which share of its processor time on a killed program has used all of it.

    SIGXCPU says that the time is up, but a program can send it to itself. The kernel sends it by a coarser
    clock than the one that it reports, so the two may differ, though not by half.
    """
    return 0.5 if code == -signal.SIGXCPU else 1.0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
