"""The command `archloop ideas build`: a model is asked which ideas papers state, and what came of it is told.

What is told distinguishes what was asked, answered in the right form, stated, usable and new, so that a model
which answers well-formed nonsense is seen to. This module does *not* decide what can be used
(`generator.ideas.growing.usable` does).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cycles.cli.endings import keeping
from cycles.cli.ideas.access import pool_at, within
from cycles.cli.ideas.commands import PIPE_WIDTH, AtOption, PoolOption
from cycles.cli.options import JsonOption, PresetOption, SetOption, TrustOption, agreed_config
from cycles.errors import UsageError
from cycles.showing.steps import steps
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corpus.records.search.ideas import Idea
    from cycles.config.run import RunConfig
    from generator.ideas.growing.harvest import Harvest, Tally
    from generator.ideas.growing.questions import Question

_SPDX = re.compile(r"[A-Za-z0-9(][A-Za-z0-9.+() -]{0,79}")
_COLUMNS = ("asked", "answered", "statements", "usable", "duplicates", "new")


def build(
    papers: Annotated[
        Path, typer.Option("--papers", help="A folder of .pdf, .md and .txt files, or one of them.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The file of ideas to write.")],
    ideas: PoolOption = None,
    at: AtOption = None,
    only_new: Annotated[
        bool, typer.Option("--only-new", help="Leave out the ideas that were there before.")
    ] = False,
    licence: Annotated[
        str, typer.Option("--licence", help="SPDX licence of documents that state none.")
    ] = "NOASSERTION",
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the answers.")] = 0,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a model which ideas of each kind papers state, and write those that can be used to a file."""
    from cycles.run.making import directory_made
    from cycles.run.models import check_model
    from generator.ideas.growing.answers import answers_file
    from generator.ideas.growing.documents import read_documents
    from generator.ideas.growing.questions import questions_about
    from generator.ideas.pool import IdeaPool, write_pool

    if _SPDX.fullmatch(licence) is None:
        raise UsageError(f"--licence {licence!r}: no SPDX expression. Write one such as CC-BY-4.0.")
    config = agreed_config(preset, [*(overrides or []), f"seed={seed}"], trusted=trusted)
    pool = pool_at(ideas)
    wanted = within(pool, at)
    if out.exists() and not answers_file(out).exists():
        raise UsageError(f"{out} exists already, and no build made it. Choose another: --out FILE.")
    read = read_documents(papers, licence)
    for line in read.passed_over:
        say(f"Passed over: {line}", err=True)
    questions = questions_about(read.documents, wanted)
    if not questions:
        raise UsageError(
            f"{papers}: no document speaks of these kinds of ideas. Name other papers, or leave --at out."
        )
    if not as_json:
        say(f"{len(questions)} questions, about {len(read.documents)} documents.", err=True)
    with directory_made(out.parent):
        check_model(config, trains=False)
        model, asked, found = _grown(config, questions, out, pool.ideas.values(), as_json)
        kept = [] if only_new else list(pool.ideas.values())
        write_pool(IdeaPool(pool.template.values(), [*kept, *found.ideas.values()]), out)
    row = {
        "out": str(out),
        "ideas": len(kept) + len(found.ideas),
        "documents": len(read.documents),
        "in_part": [each.name for each in read.documents if not each.whole],
        "passed_over": list(read.passed_over),
        "kinds": len(wanted),
        "model": model,
        "asked_now": asked,
        **_counts(found.total),
        "flaws": dict(found.total.flaws.most_common()),
        "how": dict(found.total.how.most_common()),
        "by_path": {path: _counts(tally) for path, tally in found.by_path.items()},
    }
    if as_json:
        typer.echo(json.dumps(row))
    else:
        _show(row)
    if not found.ideas:
        say(
            f"Nothing that {model} said can be used. Ask a chat model: --set generator.model=FOLDER; the "
            "embedded model writes programs and answers no questions (docs/ideas.md).",
            err=True,
        )


def _grown(
    config: RunConfig, questions: Sequence[Question], out: Path, known: Iterable[Idea], as_json: bool
) -> tuple[str, int, Harvest]:
    """Return who was asked, how many questions were asked now, and what came of all of them."""
    from cycles.assembly import passing_log
    from cycles.parts import build_sampler
    from generator.deciders.building import build_decider
    from generator.ideas.growing.answers import answers_file, opened_answers
    from generator.ideas.growing.harvest import ask, harvest

    with (
        _answers_kept(),
        opened_answers(answers_file(out)) as answers,
        passing_log() as log,
        build_sampler(config, log, functools.partial(say, err=True)) as sampler,
    ):
        model = sampler.model_name
        decider = build_decider("generator", lambda: sampler)
        with steps("Asking", len(questions), as_json) as step:
            asked = ask(questions, decider, answers, model, config.seed, step)
        return model, asked, harvest(questions, answers, model, config.seed, known)


@contextmanager
def _answers_kept() -> Iterator[None]:
    hint = "what was answered is kept. Give the same command again to go on."
    try:
        with keeping(hint):
            yield
    except Exception as error:
        error.add_note(hint[:1].upper() + hint[1:])
        raise


def _counts(tally: Tally) -> dict[str, int]:
    return {"empty": tally.empty, **{name: getattr(tally, name) for name in _COLUMNS}}


def _show(row: dict[str, Any]) -> None:
    from rich.table import Table

    if row["by_path"]:
        table = Table("kind of idea", *_COLUMNS, box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for path, counts in row["by_path"].items():
            table.add_row(path, *(str(counts[name]) for name in _COLUMNS))
        table.add_row("all", *(str(row[name]) for name in _COLUMNS))
        console(pipe_width=PIPE_WIDTH).print(table)
    part = f", {len(row['in_part'])} of them in part" if row["in_part"] else ""
    left = f", {len(row['passed_over'])} passed over" if row["passed_over"] else ""
    say(f"{row['documents']} documents read{part}{left}; {row['kinds']} kinds of ideas looked for.")
    how = ", ".join(f"{name} {count}" for name, count in row["how"].items())
    say(
        f"{row['model']} was asked {row['asked']} questions, {row['asked_now']} of them now, and gave "
        f"{row['answered']} answers of the right form ({how or 'none'}), {row['empty']} of them empty."
    )
    flaws = ", ".join(f"{name} {count}" for name, count in row["flaws"].items())
    say(
        f"Of {row['statements']} statements {row['usable']} can be used"
        + (f" (not: {flaws})" if flaws else "")
        + f"; {row['duplicates']} of them say what another says."
    )
    say(f"{row['out']}: {row['ideas']} ideas, {row['new']} of them new.")
