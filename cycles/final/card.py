"""The model card of a network that was taken home: what `final.json` holds, in words.

All figures come from the report; none is computed here. This module does *not* write files.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus.records.exchange import NO_LICENCE
from corpus.records.tasks.kinds import TaskKind
from corpus.records.text import one_line
from cycles.figures.quantities import byte_size, counted
from cycles.figures.records import Mean, Rate
from cycles.final.loader import normalised
from cycles.final.records import FinalReport

_FILES = """\
| File | What it is |
|---|---|
| `model.py` | the program: the network and its own training, under the LEMUR contract |
| `weights.safetensors` | its weights after the second wave |
| `load.py` | brings the network back: `from load import load; net = load()` |
{onnx}| `final.json` | this card for programs, with the shapes and hyperparameters that `load.py` reads |
"""
_ONNX_FILE = "| `model.onnx` | the same network for ONNX runtimes: input `{input}`, output `{output}` |\n"

_ANSWERS = {
    TaskKind.SINGLE_LABEL: "the largest score is the class.",
    TaskKind.MULTI_LABEL: "a score above 0 says that its label holds, the more surely the larger it is.",
    TaskKind.SEGMENTATION: "the class of a position is that of the largest score there.",
    TaskKind.REGRESSION: "each is standardised for its channel.",
}

_WARNING = """\
**`model.py` was written by a program, not by a person.** All that archloop did with it happened in a sandbox;
`load.py` runs it as any other code of yours. Read it first. `weights.safetensors` holds numbers alone.
"""


def model_card(report: FinalReport) -> str:
    """Return the text of README.md."""
    return "\n".join(_sections(report))


def _sections(report: FinalReport) -> Iterator[str]:
    name = f"{report.provenance.run}, {report.provenance.candidate_id}"
    yield f"# A network for {one_line(report.task)} ({one_line(name)})\n"
    yield _WARNING
    yield _figures(report)
    yield "## Files\n"
    yield _FILES.format(onnx=_onnx_file(report) if report.onnx else "")
    yield f"ONNX: {one_line(report.onnx_note)}\n"
    yield _use(report)
    yield _measured(report)
    yield _first_wave(report)
    yield _origin(report)


def _onnx_file(report: FinalReport) -> str:
    goes_in = "signals" if report.inputs == "signals" else "images"
    return _ONNX_FILE.format(
        input=goes_in, output="numbers" if report.kind is TaskKind.REGRESSION else "scores"
    )


def _figures(report: FinalReport) -> str:
    metric, inputs, one = report.metric, report.inputs, report.inputs.removesuffix("s")
    validation = (
        f"{mean_words(report.validation.shown_as(metric))} over {counted(report.validation.count, 'seed')}"
    )
    value, basis = measured_words(report)
    rows = [
        (f"test {metric.heading}", f"**{value}**, {basis}"),
        (f"validation {metric.heading}", f"{validation}, trained on the training {inputs} alone"),
        ("parameters", _count(report.parameters)),
        (f"forward FLOPs for one {one}", _count(report.flops)),
        ("weights", f"{report.weights_numbers:,} numbers, {byte_size(report.weights_bytes)}"),
        (
            f"latency of one {one}",
            f"{report.latency.median_ms:.2f} ms (median of {report.latency.images}; 90%: "
            f"{report.latency.slow_ms:.2f} ms), {report.latency.threads} thread(s)",
        ),
    ]
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return f"| | |\n|---|---|\n{table}\nIntervals in brackets are 95%.\n"


def _use(report: FinalReport) -> str:
    takes, gives = (", ".join(map(str, each)) for each in (report.in_shape[1:], report.out_shape))
    one = "An image of bytes" if report.inputs == "images" else f"A {report.inputs.removesuffix('s')}"
    numbers = _numbers if report.inputs == "images" else _exact
    return (
        "## Use\n\n"
        f"The network takes float32 {report.inputs} `(B, {takes})` and gives "
        f"{'numbers' if report.kind is TaskKind.REGRESSION else 'scores'} `(B, {gives})`; "
        f"{_ANSWERS[report.kind]} {one} goes in as `{normalised(report.inputs)}` with mean "
        f"{numbers(report.mean)} and std {numbers(report.std)} for the channels.{_unit(report)}\n"
    )


def _unit(report: FinalReport) -> str:
    """Return how the answers of a regression are turned back, which no other kind needs."""
    if not report.target_mean:
        return ""
    return (
        " An answer in the unit of the task is `answer * target_std + target_mean`, with target_mean "
        f"{_exact(report.target_mean)} and target_std {_exact(report.target_std)} for the channels."
    )


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{each:.4f}" for each in values)


def _exact(values: tuple[float, ...]) -> str:
    """Return numbers of any unit: four decimals may be nothing of them."""
    return ", ".join(f"{each:.6g}" for each in values)


def _measured(report: FinalReport) -> str:
    metric, inputs = report.metric.words, report.inputs
    hidden = "label" if report.kind is TaskKind.SINGLE_LABEL else "target"
    looks = (
        "This is the only network of the run that was measured on the test split."
        if report.test_readings == 1
        else f"{report.test_readings} networks of the run have been measured on the test split, this one "
        "included: whoever chooses among them chooses by it."
    )
    return (
        "## How it was measured\n\n"
        f"1. *First wave*: the best {len(report.first_wave)} networks of the run were trained for "
        f"{report.settings.epochs} epochs with {report.settings.seeds} fresh seed(s) each. The mean "
        f"validation {metric} decided. It flatters the winner, who won by it; test {metric} does not.\n"
        f"2. *Second wave*: the winner was trained on training and validation {inputs} together "
        f"({report.trained_images:,}), for as many epochs, with one more seed. The weights in this folder "
        "are those of its last step. They were loaded into a new process, which was shown the test "
        f"{inputs}: the test {metric} is that of this very file.\n\n"
        f"No decision read the test split. {looks}\n\n"
        "Parameters and FLOPs are what the program's own process said. "
        f"{metric[:1].upper()}{metric[1:]} and latency are the supervisor's: no {hidden} of the {inputs} "
        "asked for enters the process, and time runs from question to answer, "
        f"transport included. Sandbox: {one_line(report.isolation)}. Machine: "
        f"{one_line(report.machine.processor or report.machine.machine)}, torch "
        f"{report.machine.packages.get('torch')}.\n\n"
        f"Protocols: `{report.second_protocol}`; first wave {_listed(report.first_protocols)}.\n"
    )


def _first_wave(report: FinalReport) -> str:
    metric = report.metric
    rows = "".join(
        f"| {each.candidate_id} | {metric.of(each.searched):.3f} "
        f"| {mean_words(each.mean.shown_as(metric))} "
        f"| {', '.join(f'{metric.of(score):.3f}' for score in each.accuracies)} "
        f"| {_count(each.parameters)} |\n"
        for each in report.first_wave
    )
    passed = "".join(
        f"\n{each.candidate_id} could not be taken home: {each.status}, {one_line(each.reason)}.\n"
        for each in report.passed_over
    )
    return (
        "## The first wave\n\n"
        "| program | in the search | mean | by seed | parameters |\n|---|---|---|---|---|\n"
        f"{rows}{passed}{_seed(report)}"
    )


def _seed(report: FinalReport) -> str:
    words = seed_words(report)
    return "" if words is None else f"\n{words}\n"


def seed_words(report: FinalReport) -> str | None:
    """Return what slots around a seed were worth by the first wave, in a line; None without a seed."""
    if report.best_non_seed is None:
        return None
    means = {each.candidate_id: mean_words(each.mean.shown_as(report.metric)) for each in report.first_wave}
    seed = (
        "the seed learnt nothing" if report.seed is None else f"the seed {report.seed} {means[report.seed]}"
    )
    return f"Best non-seed: {report.best_non_seed} {means[report.best_non_seed]}; {seed}"


def _origin(report: FinalReport) -> str:
    origin = report.provenance
    adapter = f"adapter `{origin.adapter_hash}`" if origin.adapter_hash else "no adapter"
    weights = f" (weights `{origin.generator_hash}`)" if origin.generator_hash else ""
    parents = f", from {_listed(origin.parents)}" if origin.parents else ""
    stated = f"{report.licence}." if report.licence != NO_LICENCE else f"{NO_LICENCE}: nobody stated one."
    return (
        "## Where it comes from\n\n"
        f"Run `{one_line(origin.run)}` ({one_line(origin.arm)}, seed {origin.run_seed}), program "
        f"`{origin.candidate_id}`{parents}, written by {one_line(origin.generator)}{weights}, {adapter}.\n\n"
        f"SHA-256: model.py `{origin.source_sha256}`, weights.safetensors `{origin.weights_sha256}`.\n\n"
        f"Licence: {stated}\n"
    )


def measured_words(report: FinalReport) -> tuple[str, str]:
    """Return what the test split came to, and over what: `0.974 [0.952, 0.986]`, `340 of 349 images`."""
    if isinstance(report.test, Rate):
        return rate_words(report.test), f"{report.test.count} of {report.test.total} {report.inputs}"
    return f"{report.metric.of(report.test.score):.3f}", f"over {report.test.total} {report.inputs}"


def rate_words(rate: Rate) -> str:
    """Return a share as `0.974 [0.952, 0.986]`."""
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"


def mean_words(mean: Mean) -> str:
    """Return a mean as `0.974 [0.952, 0.986]`, without the interval that a single value does not have."""
    return f"{mean.value:.3f}" + (f" [{mean.low:.3f}, {mean.high:.3f}]" if mean.count > 1 else "")


def _count(number: int | None) -> str:
    return "not counted" if number is None else f"{number:,}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{one_line(name)}`" for name in names)
