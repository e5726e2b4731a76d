"""The single steps as commands: generate, evaluate, finetune, each alone or as the next stage of a run.

Alone they read and write plain files and JSON lines, so that they script well. With `--run` each does its
stage of the run's current cycle on the ledger, so that a scheduler can give every stage its own job (see
scripts/cycle).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycles.cli.options import JsonOption, PresetOption, SetOption, UnsafeOption
from cycles.errors import UsageError

if TYPE_CHECKING:
    from corpus.records.prompts import Completion
    from corpus.records.trainings import TrainingExample

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
    as_json: JsonOption = False,
) -> None:
    """Let the generator write programs."""
    if run is not None:
        _stage(run, "generate", as_json)
        return
    from corpus.records.prompts import Prompt
    from cycles.assembly import build_sampler, build_strategy
    from cycles.config.run import load_config
    from cycles.run.models import check_model
    from generator.samplers.contract import in_order

    if adapter is not None and not adapter.is_dir():
        raise UsageError(f"{adapter}: no such adapter directory. Fine-tune one: archloop finetune --help")
    config = load_config(preset, [*(overrides or []), f"seed={seed}", "generator.exemplars=0"])
    check_model(config, trains=False, adapter=adapter)
    if out is not None:
        if out.exists() and any(out.iterdir()):
            raise UsageError(f"{out} is not empty. Choose a new directory: --out DIR.")
        out.mkdir(parents=True, exist_ok=True)
    proposals = build_strategy(config).propose(None, 0, count)
    prompts = [proposal for proposal in proposals if isinstance(proposal, Prompt)]
    if not prompts:
        raise UsageError(f"strategy '{config.strategy.name}' asks no model. Leave strategy.name out.")
    size = config.generator.batch_size
    with build_sampler(config, None, functools.partial(typer.echo, err=True)) as sampler:
        batches = (prompts[start : start + size] for start in range(0, count, size))
        completions = (each for batch in batches for each in in_order(batch, sampler.sample(batch, adapter)))
        for index, completion in enumerate(completions):
            _write_program(index, completion, out, as_json)


def evaluate(
    files: Annotated[list[Path] | None, typer.Argument(help="Programs to judge.", show_default=False)] = None,
    run: RunOption = None,
    unsafe: UnsafeOption = False,
    task: Annotated[str | None, typer.Option("--task", help="Task, such as digits or texshapes.")] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge programs: check the contract, train for one epoch in the sandbox, measure validation accuracy."""
    if run is not None:
        _stage(run, "judge", as_json)
        return
    from corpus.records.candidates import Candidate, Origin
    from cycles.assembly import build_evaluator
    from cycles.config.run import load_config

    if not files:
        raise UsageError("Name the programs to judge: archloop evaluate FILE... (or --run RUN).")
    sources = [_read_program(path) for path in files]
    settings = [*(overrides or []), *([f"evaluator.task={task}"] if task else [])]
    if unsafe:
        settings.append('evaluator.isolation="unsafe"')
    config = load_config(preset, settings)
    candidates = [
        Candidate(
            id=str(path),
            origin=Origin.IMPORTED,
            source=source,
            completion=source,
            index=index,
            generator="file",
        )
        for index, (path, source) in enumerate(zip(files, sources, strict=True))
    ]
    with build_evaluator(config) as evaluator:
        if not as_json:
            typer.echo(f"Sandbox: {evaluator.isolation}", err=True)
        for evaluation in evaluator.evaluate(candidates):
            if as_json:
                row = evaluation.model_dump(mode="json")
                typer.echo(json.dumps({"path": row.pop("candidate_id"), **row}))
            else:
                score = "" if evaluation.accuracy is None else f"  accuracy {evaluation.accuracy:.3f}"
                reason = f"  {evaluation.error}" if evaluation.error else ""
                typer.echo(f"{evaluation.candidate_id}  {evaluation.status}{score}{reason}")


def finetune(
    data: Annotated[
        Path | None, typer.Argument(help="JSON lines with `prompt` and `completion`.", show_default=False)
    ] = None,
    run: RunOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Directory for the adapter.")] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a LoRA adapter on prompt-completion rows (as `archloop export` writes them: sft.jsonl)."""
    if run is not None:
        _stage(run, "train", as_json)
        return
    from cycles.assembly import build_trainer
    from cycles.config.run import load_config
    from cycles.run.models import check_model
    from finetune.job import TrainingJob

    if data is None or out is None:
        raise UsageError("Give rows and a place: archloop finetune sft.jsonl --out DIR (or --run RUN).")
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty. Choose a new directory: --out DIR.")
    examples = _read_examples(data)
    config = load_config(preset, [*(overrides or []), f"seed={seed}"])
    check_model(config, trains=True)

    def show(step: int, total: int, loss: float) -> None:
        if not as_json and (step == total or step % 10 == 0):
            typer.echo(f"step {step} of {total}  loss {loss:.3f}", err=True)

    result = build_trainer(config).train(TrainingJob(examples, out, seed, on_step=show))
    if as_json:
        typer.echo(json.dumps({"path": str(out), **result.model_dump(mode="json")}))
    else:
        typer.echo(
            f"{out}: {result.steps} steps on {result.examples} rows ({result.truncated} cut), "
            f"loss {result.first_loss:.3f} -> {result.last_loss:.3f}, {result.seconds:.0f} s"
        )


def _stage(path: Path, stage: str, as_json: bool) -> None:
    from cycles.assembly import open_loop

    with open_loop(path, as_json=as_json) as loop:
        cycle = loop.current_cycle()
        if cycle is None:
            loop.observer.note("All cycles of this run are complete.")
        elif stage == "train":
            loop.train(cycle)
        elif stage == "generate":
            loop.generate(cycle)
        else:
            missing = loop.config.candidates - len(loop.ledger.candidates(cycle=cycle))
            if missing:
                raise UsageError(
                    f"cycle {cycle} lacks {missing} candidates. First: archloop generate --run {path}"
                )
            loop.judge(cycle)
            loop.complete(cycle)


def _write_program(index: int, completion: Completion, out: Path | None, as_json: bool) -> None:
    from generator.prompts.extraction import extract_program

    source = extract_program(completion.text)
    path = out / f"{index:04d}.py" if out is not None and source is not None else None
    if path is not None and source is not None:
        path.write_text(source, encoding="utf-8")
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
        typer.echo(path or f"{index:04d}: {completion.refusal or 'the completion holds no program'}")
    else:
        typer.echo(f"# program {index}\n{source or completion.refusal or completion.text}")


def _read_program(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory. Name its programs: {path}/*.py") from None


def _read_examples(path: Path) -> list[TrainingExample]:
    from pydantic import ValidationError

    from corpus.records.trainings import TrainingExample

    examples = []
    for number, line in enumerate(_read_program(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            completion = row["completion"]
            if isinstance(completion, list):
                completion = completion[-1]["content"]
            examples.append(
                TrainingExample(
                    candidate_id=str(row.get("candidate_id", number)),
                    prompt=row["prompt"],
                    completion=completion,
                )
            )
        except (json.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError, ValidationError):
            raise UsageError(
                f"{path}, line {number}: not a row with `prompt` (a list of messages) and `completion`."
            ) from None
    if not examples:
        raise UsageError(f"{path} holds no rows.")
    return examples
