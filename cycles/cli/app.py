"""The command line. Every command is a few lines over the rooms; heavy imports wait until a command needs
them.

What each end of a command means, and its exit code, stands in `cycles.cli.endings`. Whatever the code, all
that was finished is kept, and `resume` goes on.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli import config as cli_config
from cycles.cli import final as cli_final
from cycles.cli import merging as cli_merging
from cycles.cli import report as cli_report
from cycles.cli import setup as cli_setup
from cycles.cli import steps as cli_steps
from cycles.cli import strategies as cli_strategies
from cycles.cli.ahead import predicting as cli_predicting
from cycles.cli.ahead import probing as cli_probing
from cycles.cli.corpus import commands as cli_corpus
from cycles.cli.corpus import curating as cli_curating
from cycles.cli.corpus import exchange as cli_exchange
from cycles.cli.corpus import modules as cli_modules
from cycles.cli.endings import Commands, degrade_output, endings, keeping, working_on
from cycles.cli.ideas import building as cli_building
from cycles.cli.ideas import commands as cli_ideas
from cycles.cli.options import JsonOption, PresetOption, SetOption, TrustOption, UnsafeOption, agreed_config
from cycles.cli.strategies import search_settings
from cycles.cli.studies import compare as cli_compare
from cycles.cli.studies import transfer as cli_transfer
from cycles.errors import BudgetSpent
from cycles.run.restarting import keep_going
from cycles.showing.terminal import LogLines, console, say

if TYPE_CHECKING:
    from cycles.config.run import RunConfig

app = typer.Typer(
    name="archloop",
    cls=Commands,
    help="A code model that teaches itself to design neural networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_config.config_app, name="config")
cli_corpus.corpus_app.command()(cli_curating.curate)
app.add_typer(cli_corpus.corpus_app, name="corpus")
app.add_typer(cli_modules.modules_app, name="modules")
cli_ideas.ideas_app.command()(cli_building.build)
app.add_typer(cli_ideas.ideas_app, name="ideas")
_ELSEWHERE: tuple[Callable[..., None], ...] = (
    *(cli_setup.init, cli_setup.doctor, cli_strategies.strategies),
    *(cli_steps.generate, cli_steps.evaluate, cli_steps.finetune, cli_probing.probe),
    cli_predicting.predict,
    *(cli_report.report, cli_report.watch, cli_report.serve),
    *(cli_compare.compare, cli_compare.retest, cli_transfer.transfer),
    *(cli_final.final, cli_merging.merge),
)
for command in _ELSEWHERE:
    app.command()(command)
app.command("export")(cli_exchange.export)
app.command("import")(cli_exchange.import_)

RestartsOption = Annotated[
    int,
    typer.Option(
        "--restarts",
        min=0,
        help="How often to go on by itself where the machine ends the run.",
    ),
]
RunArgument = Annotated[Path, typer.Argument(help="The run's directory.", show_default=False)]


def main() -> None:
    """Run the command line, and end the process as `cycles.cli.endings` says."""
    degrade_output()
    log = logging.StreamHandler()
    log.setFormatter(LogLines())
    logging.basicConfig(level=logging.WARNING, handlers=[log])
    # PEFT loads bitsandbytes wherever it is installed, and it then misses kernels for CPUs that we never use.
    logging.getLogger("bitsandbytes.backends.cpu").setLevel(logging.ERROR)
    with endings():
        app(obj=_stay_offline())


def _stay_offline() -> bool:
    """Have every library load from this machine alone; return whether the hub may be asked on request.

    A user's own HF_HUB_OFFLINE stands. The hub's library reads the variable when it is first imported.
    """
    if "HF_HUB_OFFLINE" in os.environ:
        return False
    os.environ["HF_HUB_OFFLINE"] = "1"
    return True


@app.command()
def run(
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Run directory.  [default: runs/PRESET]")] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="Who searches: see `archloop strategies`.")
    ] = None,
    space: Annotated[
        str | None, typer.Option("--space", help="What is searched: grammar, cells, cells-3, macro, trees.")
    ] = None,
    llm: Annotated[
        str | None, typer.Option("--llm", help="Who answers a strategy's questions: generator or none.")
    ] = None,
    teachers: Annotated[
        str | None,
        typer.Option("--teach", help="Who teaches: winners or, as controls, random-valid or nobody."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    cycles: Annotated[int | None, typer.Option("--cycles", help="Cycles, cycle 0 included.")] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the run; do not start it.")] = False,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Print configuration, counts and memory plan; make nothing.")
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(help="With --dry-run: measure this machine some seconds to estimate time and disk."),
    ] = True,
    gpu_memory_gb: Annotated[
        float | None,
        typer.Option("--gpu-memory-gb", min=1, help="With --dry-run: plan for another machine's GPUs."),
    ] = None,
    restarts: RestartsOption = 0,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Start a run: the model writes networks, the winners teach it, again and again."""
    from cycles.assembly import start_run

    settings = list(overrides or [])
    settings += [f"{key}={value}" for key, value in (("seed", seed), ("cycles", cycles)) if value is not None]
    settings += search_settings(strategy, space, llm, teachers)
    config = agreed_config(preset, settings, unsafe=unsafe, trusted=trusted)
    if dry:
        _show_dry_run(config, gpu_memory_gb, calibrate and gpu_memory_gb is None, as_json)
        return
    with keeping("nothing was made."):
        directory = start_run(out or Path("runs") / Path(preset).stem, config)
    if prepare:
        start = command_line("archloop", "resume", directory.path)
        say(f"{directory.path} is ready. Start it: {start}")
        return
    _drive(directory.path, as_json, trusted=True, restarts=restarts)


def _show_dry_run(config: RunConfig, gpu_memory_gb: float | None, measure: bool, as_json: bool) -> None:
    """Print what the run would do; exit code 3 where something speaks against it."""
    from cycles.preflight.dry_run import dry_run, show

    result = dry_run(config, gpu_memory_gb)
    if measure and result.possible:
        from cycles.preflight.calibration import calibrate
        from cycles.preflight.estimate import estimate

        typer.echo("Measuring this machine for some seconds ...", err=True)
        result = result.model_copy(update={"estimate": estimate(config, calibrate(config))})
    show(result, console(pipe_width=160), as_json=as_json)
    if not result.possible:
        raise typer.Exit(3)


@app.command()
def resume(
    run_path: RunArgument,
    cycles: Annotated[
        int | None, typer.Option("--cycles", min=1, help="Cycles in all, more than the run was started with.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Another budget: --set budget.attempts=960")
    ] = None,
    restarts: RestartsOption = 0,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a run where it stopped, however it stopped; a finished run is only reported, or extended."""
    if cycles is not None or overrides:
        from cycles.cli.extending import extend

        extend(run_path, cycles, overrides or [])
    _drive(run_path, as_json, unsafe, trusted, restarts)


def _drive(path: Path, as_json: bool, unsafe: bool = False, trusted: bool = False, restarts: int = 0) -> None:
    from cycles.assembly import open_loop

    if restarts:
        asked = {"--json": as_json, "--unsafe": unsafe, "--trust-config": trusted}
        flags = [flag for flag, wanted in asked.items() if wanted]
        command = [sys.executable, "-P", "-m", "cycles", "resume", str(path), *flags]
        raise typer.Exit(keep_going(command, restarts, lambda line: typer.echo(line, err=True)))
    with working_on(path):
        spent: BudgetSpent | None = None
        with open_loop(path, as_json=as_json, unsafe=unsafe, trusted=trusted) as loop:
            try:
                loop.run()
            except BudgetSpent as error:
                spent = error
        if as_json:
            event = {"event": "run_finished", "run": str(path)}
            typer.echo(json.dumps(event | ({} if spent is None else {"budget_spent": spent.key})))
        else:
            cli_report.show_report([path])
        if spent is not None:
            raise spent


@app.command()
def status(run_path: RunArgument, as_json: JsonOption = False) -> None:
    """Say how far a run is: cycles complete, and what the current cycle has done."""
    from corpus.ledger.reader import Ledger
    from corpus.records.tasks.wording import described
    from cycles.figures.measure import metric_of, shape_of
    from cycles.figures.status import run_status
    from cycles.run.run_directory import RunDirectory

    directory = RunDirectory.open(run_path)
    config = directory.config()
    with Ledger.open(directory.ledger_file) as ledger:
        state = run_status(ledger, config)
    task = {"task": config.evaluator.task, "metric": metric_of(config)}
    shape = shape_of(config)
    if as_json:
        typer.echo(json.dumps({**state.model_dump(mode="json"), **task}))
    else:
        say(state)
        if shape is not None and not shape.plain:
            say(f"Task {config.evaluator.task}: {described(shape)}.")
