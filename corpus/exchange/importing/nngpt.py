"""The output folders of nn-gpt: one for each program that a model of its wrote, with what became of it.

    <folder>/new_nn.py          the program
    <folder>/eval_info*.json    task, data set, metric, hyperparameters, accuracy after the last epoch
    <folder>/<epoch>.json       a list of trials after that epoch, as in LEMUR's statistics
    <folder>/hp.txt             hyperparameters that the model recommended, as JSON

Trials enter as those of LEMUR do. The last epoch stands in two files and counts once. Other files, such as
the reference program beside the new one, are *not* programs of the output and stay out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.exchange.exporting.lemur import TASK
from corpus.exchange.importing.files import listed, python_files, read_program, read_text, stated_licence
from corpus.exchange.importing.source import Found, Rejection, RejectionReason, Room
from corpus.exchange.importing.trials import claim, trials_in
from corpus.records.exchange import ImportedEvaluation

PROGRAM = "new_nn.py"
_RESULTS = "eval_info*.json"
_RECOMMENDED = "hp.txt"
_MAX_BYTES = 1_000_000
"""Largest file beside a program that is read, in bytes."""


class NnGptOutput:
    """A directory with output folders of nn-gpt, at any depth."""

    kind = "nn-gpt output"
    name = "nn-gpt"

    def __init__(self, root: Path) -> None:
        """Find the folders."""
        self._root = root
        self._paths = [path for path in python_files(root) if path.name == PROGRAM]
        self.licence = stated_licence(root)

    def steps(self) -> int:
        """Return the number of programs."""
        return len(self._paths)

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield every program with its results, after the rejections of these."""
        room = Room()
        for path in self._paths:
            found = read_program(path, self._root)
            if isinstance(found, Found):
                for item in self._results(path.parent):
                    if isinstance(item, Rejection):
                        yield item
                    else:
                        room.take(item.detail)
                        found.evaluations.append(item)
                tasks = set(map(_task, found.evaluations))
                found.admitted = not tasks or TASK in tasks
            yield found

    def _results(self, folder: Path) -> Iterator[Any]:
        recommended = self._table(folder / _RECOMMENDED) or {}
        if isinstance(recommended, Rejection):
            yield recommended
            recommended = {}
        for path in sorted(listed(folder, folder.glob(_RESULTS))):
            told = self._table(path)
            if isinstance(told, Rejection):
                yield told
            elif told is not None:
                yield from self._trials(folder, path, told, recommended)

    def _trials(
        self, folder: Path, path: Path, told: dict[str, Any], recommended: dict[str, Any]
    ) -> Iterator[Any]:
        arguments, stated = (_dictionary(told.get(key)) for key in ("eval_args", "cli_args"))
        names = {key: arguments.get(key, stated.get(key)) for key in ("task", "dataset", "metric")}
        settings = recommended | _dictionary(arguments.get("prm") or _settings(stated))
        last = settings.get("epoch", 1)
        # Folders that were judged on several data sets hold the epochs of one of them, nobody knows of which.
        epochs = []
        for epoch, trials in self._epochs(folder) if path.name == "eval_info.json" else ():
            epochs.append(epoch)
            for number, trial in enumerate(trials):
                where = f"{self._location(folder)}/{epoch}.json#{number}"
                yield claim(where, {**names, "epoch": epoch}, settings | trial)
        if last not in epochs:
            results = told.get("eval_results")
            trial = {**settings, "accuracy": _accuracy(results)}
            yield claim(self._location(path), {**names, "epoch": last}, trial)

    def _epochs(self, folder: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield the trials of the files that are named by an epoch and hold such as LEMUR writes."""
        for path in sorted(listed(folder, folder.glob("*.json"))):
            text = read_text(path, self._root, _MAX_BYTES) if path.stem.isdecimal() else ""
            rows = _parsed(text) if isinstance(text, str) else None
            if isinstance(rows, list):
                trials = [row for row in rows if isinstance(row, dict) and "uid" in row]
                if trials:
                    yield int(path.stem), trials

    def _table(self, path: Path) -> dict[str, Any] | Rejection | None:
        """Return the JSON object in a file, None if there is no file."""
        if not path.exists():
            return None
        text = read_text(path, self._root, _MAX_BYTES)
        if isinstance(text, Rejection):
            return text
        value = _parsed(text)
        if isinstance(value, dict):
            return value
        return Rejection(
            location=self._location(path),
            reason=RejectionReason.BAD_STATISTICS,
            detail="not a JSON object",
        )

    def _location(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def looks_like_nngpt_output(root: Path) -> bool:
    """Return whether a directory holds a program of nn-gpt's with something of its beside it."""
    return any(
        path.name == PROGRAM and (any(path.parent.glob(_RESULTS)) or (path.parent / _RECOMMENDED).exists())
        for path in python_files(root)
    )


def _task(known: ImportedEvaluation) -> str | None:
    """Return the task that a claim of LEMUR's form names."""
    trials = trials_in(known.detail)
    return trials.task if trials else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _settings(stated: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in stated.items() if key not in ("task", "dataset", "metric")}


def _accuracy(results: object) -> Any:
    """Return the accuracy in `[name, accuracy, ...]` or in `{"accuracy": ...}`, the two forms in use."""
    if isinstance(results, dict):
        return results.get("accuracy", results.get("acc"))
    return results[1] if isinstance(results, list) and len(results) > 1 else None
