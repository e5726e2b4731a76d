"""The single steps as commands: generate, evaluate, finetune, each alone or as the next stage of a run.

Alone they read and write plain files and JSON lines, so that they script well. With `--run` each does its
stage of the run's current cycle on the ledger, so that a scheduler can give every stage its own job (see
scripts/cycle).
"""

from __future__ import annotations

import functools
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from corpus.records.text import one_line, visible
from cycles.cli.ahead.probing import CarryOption, read_program
from cycles.cli.endings import keeping, working_on
from cycles.cli.options import JsonOption, PresetOption, SetOption, TrustOption, UnsafeOption, agreed_config
from cycles.errors import UsageError
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from corpus.records.prompts import Completion
    from corpus.records.trainings import CycleStage, TrainingExample
    from cycles.carrying import Carrier
    from cycles.loop import Loop

RunOption = Annotated[
    Path | None, typer.Option("--run", help="Do this stage for the current cycle of the run at this path.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the sampling.")]


def generate(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Programs to write.")] = 8,
    run: RunOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the programs here, one file each.")] = None,
    adapter: Annotated[
        Path | None, typer.Option("--adapter", help="LoRA adapter to put on the model.")
    ] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    seed: SeedOption = 0,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let the generator write programs."""
    if run is not None:
        from corpus.records.trainings import CycleStage

        _stage(run, CycleStage.GENERATE, as_json, trusted=trusted)
        return
    from cycles.assembly import passing_log
    from cycles.carrying import carrier_for
    from cycles.parts import build_sampler, task_shape
    from cycles.run.asking import plain_prompts
    from cycles.run.making import directory_made
    from cycles.run.models import check_model
    from generator.samplers.contract import in_order

    if adapter is not None and not adapter.is_dir():
        raise UsageError(f"{adapter}: no such adapter directory. Fine-tune one: archloop finetune --help")
    settings = [*(overrides or []), f"seed={seed}", "generator.exemplars=0"]
    config = agreed_config(preset, settings, trusted=trusted)
    if out is not None:
        _refuse_if_filled(out)
    if not config.strategy.asks_model:
        raise UsageError(f"strategy '{config.strategy.name}' asks no model. Leave strategy.name out.")
    prompts = plain_prompts(config, 0, count)
    carrier = carrier_for(config, task_shape(config))
    size = config.generator.batch_size
    kept = "what was printed stands." if out is None else f"the programs in {out} are kept."
    with keeping(kept), nullcontext() if out is None else directory_made(out):
        check_model(config, trains=False, adapter=adapter)
        with passing_log() as log, build_sampler(config, log, functools.partial(say, err=True)) as sampler:
            batches = (prompts[start : start + size] for start in range(0, count, size))
            answers = (each for batch in batches for each in in_order(batch, sampler.sample(batch, adapter)))
            for index, completion in enumerate(answers):
                _write_program(index, completion, carrier, out, as_json)


def evaluate(
    files: Annotated[list[Path] | None, typer.Argument(help="Programs to judge.", show_default=False)] = None,
    run: RunOption = None,
    unsafe: UnsafeOption = False,
    task: Annotated[str | None, typer.Option("--task", help="Task, such as digits or texshapes.")] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    carry: CarryOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge programs: check the contract, train for one epoch in the sandbox, measure on validation data."""
    if run is not None:
        from corpus.records.trainings import CycleStage

        _stage(run, CycleStage.JUDGE, as_json, unsafe=unsafe, trusted=trusted)
        return
    from corpus.records.candidates import Candidate
    from cycles.carrying import Carrier
    from cycles.parts import build_sandbox, task_shape

    if not files:
        raise UsageError("Name the programs to judge: archloop evaluate FILE... (or --run RUN).")
    sources = [read_program(path) for path in files]
    settings = [*(overrides or []), *([f"evaluator.task={task}"] if task else [])]
    config = agreed_config(preset, settings, unsafe=unsafe, trusted=trusted)
    carrier = Carrier(task_shape(config) if carry else None)
    candidates = [
        Candidate.imported(str(path), carrier.source(source), generator="file", index=index)
        for index, (path, source) in enumerate(zip(files, sources, strict=True))
    ]
    with keeping("the judgements printed so far stand."), build_sandbox(config) as evaluator:
        if not as_json:
            say(f"Sandbox: {evaluator.isolation}", err=True)
        for evaluation in evaluator.evaluate(candidates):
            if as_json:
                row = evaluation.model_dump(mode="json")
                path = row.pop("candidate_id")
                typer.echo(json.dumps({"path": path, **row, "metric": evaluation.metric}))
            else:
                score, metric = "", evaluation.metric
                if evaluation.accuracy is not None:
                    score = f"  {metric.words} {metric.of(evaluation.accuracy):.3f}"
                reason = f"  {one_line(evaluation.error)}" if evaluation.error else ""
                say(f"{one_line(evaluation.candidate_id)}  {evaluation.status}{score}{reason}")


def finetune(
    data: Annotated[
        Path | None, typer.Argument(help="JSON lines with `prompt` and `completion`.", show_default=False)
    ] = None,
    run: RunOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Directory for the adapter.")] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    seed: SeedOption = 0,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a LoRA adapter on prompt-completion rows (as `archloop export` writes them: sft.jsonl)."""
    if run is not None:
        from corpus.records.trainings import CycleStage

        _stage(run, CycleStage.TRAIN, as_json, trusted=trusted)
        return
    from cycles.config.run import load_config
    from cycles.figures.quantities import counted, duration
    from cycles.parts import build_trainer
    from cycles.run.making import directory_made
    from cycles.run.models import check_model
    from finetune.job import TrainingJob

    if data is None or out is None:
        raise UsageError("Give rows and a place: archloop finetune sft.jsonl --out DIR (or --run RUN).")
    _refuse_if_filled(out)
    examples = _read_examples(data)
    config = load_config(preset, [*(overrides or []), f"seed={seed}"])

    def show(step: int, total: int, loss: float) -> None:
        if not as_json and (step == total or step % 10 == 0):
            typer.echo(f"step {step} of {total}  loss {loss:.3f}", err=True)

    with keeping(f"{out} was not made."), directory_made(out.parent):
        check_model(config, trains=True)
        result = build_trainer(config).train(TrainingJob(examples, out, seed, on_step=show))
    if as_json:
        typer.echo(json.dumps({"path": str(out), **result.model_dump(mode="json")}))
    else:
        say(
            f"{out}: {counted(result.steps, 'step')} on {counted(result.examples, 'row')} "
            f"({result.truncated} cut), loss {result.first_loss:.3f} -> {result.last_loss:.3f}, "
            f"{duration(result.seconds)}"
        )


def _stage(
    path: Path, stage: CycleStage, as_json: bool, *, unsafe: bool = False, trusted: bool = False
) -> None:
    from corpus.records.trainings import CycleStage
    from cycles.assembly import open_loop

    with working_on(path), open_loop(path, as_json=as_json, unsafe=unsafe, trusted=trusted) as loop:
        cycle = loop.current_cycle()
        if cycle is None:
            loop.observer.note("All cycles of this run are complete.")
        elif stage is CycleStage.TRAIN:
            loop.train(cycle)
        elif stage is CycleStage.GENERATE:
            _generate(loop, cycle)
        else:
            _judge(loop, cycle, path)


def _generate(loop: Loop, cycle: int) -> None:
    batch = loop.search.due(cycle)
    if batch is not None and batch.whole:
        loop.generate(batch)
    elif batch is not None:
        loop.observer.note(
            f"strategy '{loop.search.strategy.name}' hears of some candidates before it proposes the next: "
            "`evaluate` writes and judges them in turn."
        )


def _judge(loop: Loop, cycle: int, path: Path) -> None:
    batch = loop.search.due(cycle)
    if batch is not None and batch.whole and batch.unwritten:
        raise UsageError(
            f"cycle {cycle} lacks {len(batch.unwritten)} candidates. "
            f"First: {command_line('archloop', 'generate', '--run', path)}"
        )
    loop.explore(cycle)
    loop.complete(cycle)


def _refuse_if_filled(out: Path) -> None:
    """Refuse a directory that holds something already, before any work is done for it."""
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty. Choose a new directory: --out DIR.")


def _write_program(
    index: int, completion: Completion, carrier: Carrier, out: Path | None, as_json: bool
) -> None:
    from corpus.exchange.program_folder import write_program
    from generator.prompts.extraction import extract_program

    source = carrier.source(written) if (written := extract_program(completion.text)) else None
    path = out / f"{index:04d}.py" if out is not None and source is not None else None
    if path is not None and source is not None:
        write_program(path, source)
    row = {
        "index": index,
        "path": str(path) if path else None,
        "finish_reason": completion.finish_reason,
        "tokens": completion.token_count,
        "source": source,
        "refusal": completion.refusal,
    }
    if as_json:
        typer.echo(json.dumps(row))
    elif out is not None:
        say(path or f"{index:04d}: {completion.refusal or 'the completion holds no program'}")
    else:
        _show_program(f"# program {index}\n{source or completion.refusal or completion.text}")


def _show_program(text: str) -> None:
    """Print a program, to the character where it goes to a file or another program."""
    typer.echo(visible(text) if sys.stdout.isatty() else text)


def _read_examples(path: Path) -> list[TrainingExample]:
    from corpus.files.json_lines import json_lines

    remedy = "Each row needs `prompt`, a list of messages, and `completion`."
    examples = list(json_lines(path, _example, remedy=remedy))
    if not examples:
        raise UsageError(f"{path} holds no rows.")
    return examples


def _example(line: str) -> TrainingExample:
    from corpus.records.base import content_id
    from corpus.records.trainings import TrainingExample

    row = json.loads(line)
    try:
        completion = row["completion"]
        if isinstance(completion, list):
            completion = completion[-1]["content"]
        name = str(row.get("candidate_id", content_id(line)))
        return TrainingExample(candidate_id=name, prompt=row["prompt"], completion=completion)
    except (KeyError, TypeError, IndexError, AttributeError):
        raise ValueError("not a training row") from None
