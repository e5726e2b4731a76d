"""Transfer: whether what a run's model was taught on one task serves it on another.

For each task there is a study of three arms at equal evaluations and paired seeds: the model as it was before
the run (`frozen`), as it was after it (`transferred`), neither of them taught any more, and the run's own
settings with the new task (`taught there`). All else is as in the run. This module does *not* run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tomli_w

from corpus.files.whole import write_whole
from cycles.config.document import toml_value
from cycles.config.study import RetestConfig, Study, load_study
from cycles.errors import UsageError
from cycles.run.run_directory import RunDirectory
from cycles.teachers.merging import merge_run
from evaluator.tasks import require_task

MODEL = "model"
BASE = "settings.toml"

_STUDY = """\
name = "transfer to {task}"
preset = "{base}"
seeds = {seeds}
retest = {{ seeds = {retest.seeds}, top = {retest.top} }}

[set]
evaluator.task = {toml_task}

[arms.frozen]
teaching.by = "nobody"

[arms.transferred]
teaching.by = "nobody"
generator.model = {model}

[arms."taught there"]
"""


def prepare(directory: RunDirectory, out: Path) -> None:
    """Write into `out` what all tasks share: the taught model, and the run's settings but for its data.

    What is there already of the same transfer stays.

    Raises:
        UsageError: The run's model was not taught, or `out` holds a transfer of another run.
    """
    config = directory.config()
    if not config.learns:
        raise UsageError(f"{directory.path}: nobody taught its model, so there is nothing to transfer.")
    settings = config.model_dump(mode="json", exclude_none=True)
    for name in ("task", "data_path"):
        settings["evaluator"].pop(name, None)
    text, base = tomli_w.dumps(settings), out / BASE
    if base.exists() and base.read_text(encoding="utf-8") != text:
        raise UsageError(f"{out} holds a transfer of another run. Choose another directory: --out DIR.")
    if not (out / MODEL).exists():
        merge_run(directory, out / MODEL)
    write_whole(base, text)


def study_of(out: Path, task: str, seeds: int, retest: RetestConfig, overrides: Sequence[str] = ()) -> Study:
    """Write the study of one task beside what `prepare` left, and return it.

    Args:
        out: The directory of the transfer.
        task: The task's name.
        seeds: Paired seeds, counted from 0.
        retest: How the best networks are trained anew.
        overrides: Settings of every run, as `--set` has them.

    Raises:
        ConfigError: The settings do not fit the task.
    """
    require_task(task)
    file, model = out / f"{task}.toml", toml_value(str((out / MODEL).absolute()))
    settings = {"task": task, "toml_task": toml_value(task), "base": f"./{BASE}", "model": model}
    write_whole(file, _STUDY.format(**settings, seeds=seeds, retest=retest))
    return load_study(file, tuple(overrides))
