"""The model card of a network that was taken home: what `final.json` holds, in words.

All figures come from the report; none is computed here. This module does *not* write files.
"""

from __future__ import annotations

from collections.abc import Iterator

from corpus.records.exchange import NO_LICENCE
from corpus.records.text import one_line
from cycles.figures.quantities import byte_size
from cycles.figures.records import Mean, Rate
from cycles.final.records import FinalReport

_FILES = """\
| File | What it is |
|---|---|
| `model.py` | the program: the network and its own training, under the LEMUR contract |
| `weights.safetensors` | its weights after the second wave |
| `load.py` | brings the network back: `from load import load; net = load()` |
{onnx}| `final.json` | this card for programs, with the shapes and hyperparameters that `load.py` reads |
"""
_ONNX_FILE = "| `model.onnx` | the same network for ONNX runtimes: input `images`, output `scores` |\n"

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
    yield _FILES.format(onnx=_ONNX_FILE if report.onnx else "")
    yield f"ONNX: {one_line(report.onnx_note)}\n"
    yield _use(report)
    yield _measured(report)
    yield _first_wave(report)
    yield _origin(report)


def _figures(report: FinalReport) -> str:
    images = report.test.total
    validation = f"{mean_words(report.validation)} over {report.validation.count} seeds"
    rows = [
        ("test accuracy", f"**{rate_words(report.test)}**, {report.test.count} of {images} images"),
        ("validation accuracy", f"{validation}, trained on the training images alone"),
        ("parameters", _count(report.parameters)),
        ("forward FLOPs for one image", _count(report.flops)),
        ("weights", f"{report.weights_numbers:,} numbers, {byte_size(report.weights_bytes)}"),
        (
            "latency of one image",
            f"{report.latency.median_ms:.2f} ms (median of {report.latency.images}; 90%: "
            f"{report.latency.slow_ms:.2f} ms), {report.latency.threads} thread(s)",
        ),
    ]
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return f"| | |\n|---|---|\n{table}\nIntervals in brackets are 95%.\n"


def _use(report: FinalReport) -> str:
    _, channels, height, width = report.in_shape
    mean, std = (", ".join(f"{each:.4f}" for each in values) for values in (report.mean, report.std))
    return (
        "## Use\n\n"
        f"The network takes float32 images `(B, {channels}, {height}, {width})` and gives scores "
        f"`(B, {report.out_shape[0]})`; the largest score is the class. An image of bytes goes in as "
        f"`(image / 255 - mean) / std` with mean {mean} and std {std} for the channels.\n"
    )


def _measured(report: FinalReport) -> str:
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
        "validation accuracy decided. It flatters the winner, who won by it; test accuracy does not.\n"
        f"2. *Second wave*: the winner was trained on training and validation images together "
        f"({report.trained_images:,}), for as many epochs, with one more seed. The weights in this folder "
        "are those of its last step. They were loaded into a new process, which was shown the test "
        "images: the test accuracy is that of this very file.\n\n"
        f"No decision read the test split. {looks}\n\n"
        f"Parameters and FLOPs are what the program's own process said. Accuracy and latency are the "
        "supervisor's: no label of the images asked for enters the process, and time runs from question to "
        f"answer, transport included. Sandbox: {one_line(report.isolation)}. Machine: "
        f"{one_line(report.machine.processor or report.machine.machine)}, torch "
        f"{report.machine.packages.get('torch')}.\n\n"
        f"Protocols: `{report.second_protocol}`; first wave {_listed(report.first_protocols)}.\n"
    )


def _first_wave(report: FinalReport) -> str:
    rows = "".join(
        f"| {each.candidate_id} | {each.searched:.3f} | {mean_words(each.mean)} | "
        f"{', '.join(f'{accuracy:.3f}' for accuracy in each.accuracies)} | {_count(each.parameters)} |\n"
        for each in report.first_wave
    )
    passed = "".join(
        f"\n{each.candidate_id} could not be taken home: {each.status}, {one_line(each.reason)}.\n"
        for each in report.passed_over
    )
    return (
        "## The first wave\n\n"
        "| program | in the search | mean | by seed | parameters |\n|---|---|---|---|---|\n"
        f"{rows}{passed}"
    )


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
