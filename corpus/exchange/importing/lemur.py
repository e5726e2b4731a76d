"""LEMUR's data, from a checkout or from its SQLite file (tables `nn`, `stat`, `prm`).

    nn/<name>.py
    stat/train/<task>_<dataset>_<metric>_<name>/<epoch>.json      a list of trials; older: without train/

A measurement becomes an evaluation only if its metric is accuracy (`acc`) and its value lies in [0, 1]. Its
protocol id is `imported:<collection>/<task>_<dataset>_<metric>/e<epoch>/<hash of the settings>`: two trials
share it only if task, data set, epoch and every hyperparameter are equal, and it never equals one of ours.
Novelty is not judged against a network that is only known from tasks other than image classification.
This module does *not* vouch for any accuracy.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.exchange.exporting.lemur import LICENCES, TASK
from corpus.exchange.importing.files import listed, printable, read_program, read_text, stated_licence
from corpus.exchange.importing.foreign_sqlite import ForeignDatabase
from corpus.exchange.importing.source import Found, Rejection, RejectionReason, Room
from corpus.exchange.importing.trials import claim, is_note
from corpus.records.exchange import ImportedEvaluation

MAX_STATISTICS_BYTES = 20_000_000
"""Largest statistics file that is read, in bytes."""

MAX_SETTINGS_CHARACTERS = 20_000
"""Longest settings of one trial of a database, which any number of trials may share."""


class _Measured:
    """What the statistics say, by network: its trials, and the tasks that it was trained on."""

    def __init__(self) -> None:
        self._trials: defaultdict[str, list[ImportedEvaluation]] = defaultdict(list)
        self._tasks: defaultdict[str, set[str]] = defaultdict(set)
        self._room = Room()

    def note_task(self, network: str, task: str) -> None:
        """Note that a network was trained on a task, whatever became of the trial."""
        self._tasks[network].add(task)

    def add(self, network: str, trial: ImportedEvaluation) -> None:
        """Note a trial.

        Raises:
            ImportSourceError: There is no room for it.
        """
        self._room.take(trial.detail)
        self._trials[network].append(trial)

    def complete(self, found: Found, network: str) -> Found:
        """Return what was found with all that is known of it, which is then used up."""
        found.evaluations = self._trials.pop(network, [])
        tasks = self._tasks[network]
        found.admitted = not tasks or TASK in tasks
        return found

    def orphans(self) -> Iterator[Rejection]:
        """Yield the networks whose trials nobody asked for."""
        for network, trials in self._trials.items():
            yield Rejection(
                location=printable(str(network)),
                reason=RejectionReason.UNKNOWN_NETWORK,
                detail=f"{len(trials)} trials without a program",
            )


class LemurCheckout:
    """A directory with LEMUR's `nn` and `stat`, which may lie in `ab/nn`."""

    kind = "LEMUR checkout"
    name = "lemur"

    def __init__(self, root: Path) -> None:
        """Find the two folders.

        Raises:
            ValueError: `root` is no LEMUR checkout.
        """
        bases = (root, root / "ab" / "nn")
        base = next((each for each in bases if (each / "nn").is_dir() and (each / "stat").is_dir()), None)
        if base is None:
            raise ValueError(f"{root}: no folders nn and stat")
        self._root = root
        self.licence = stated_licence(root)
        self._networks = sorted(
            path
            for path in listed(root, (base / "nn").iterdir())
            if path.suffix == ".py" and path.name != "__init__.py"
        )
        trained = base / "stat" / "train"
        statistics = trained if trained.is_dir() else base / "stat"
        self._statistics = sorted(listed(root, statistics.glob("*/*.json")))

    def steps(self) -> int:
        """Return the number of files."""
        return len(self._networks) + len(self._statistics)

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield the statistics' rejections, then the networks with their measurements."""
        measured, licences = _Measured(), self._licences()
        for path in self._statistics:
            yield from self._read_statistics(path, measured)
            yield None
        for path in self._networks:
            found = read_program(path, self._root)
            if isinstance(found, Found):
                found.licence = found.licence or licences.get(path.stem)
                found = measured.complete(found, path.stem)
            yield found
        yield from measured.orphans()

    def _licences(self) -> dict[str, str]:
        """Return the licence of each network as an export of ours states it, nothing for LEMUR's own."""
        path = self._root / LICENCES
        text = read_text(path, self._root, MAX_STATISTICS_BYTES) if path.exists() else "{}"
        try:
            stated = json.loads(text) if isinstance(text, str) else {}
        except (ValueError, RecursionError):
            stated = {}
        entries = stated.items() if isinstance(stated, dict) else ()
        return {name: licence for name, licence in entries if isinstance(licence, str)}

    def _read_statistics(self, path: Path, measured: _Measured) -> Iterator[Rejection]:
        location = printable(path.relative_to(self._root).as_posix())
        text = read_text(path, self._root, MAX_STATISTICS_BYTES)
        if isinstance(text, Rejection):
            yield text
            return
        try:
            task, dataset, metric, network = path.parent.name.split("_", 3)
            measured.note_task(network, task)
            epoch = int(path.stem)
            rows = json.loads(text)
            if not isinstance(rows, list):
                raise ValueError("not a list of trials")
        except (ValueError, RecursionError) as error:
            detail = str(error).splitlines()[0][:200]
            yield Rejection(location=location, reason=RejectionReason.BAD_STATISTICS, detail=detail)
            return
        for number, row in enumerate(rows):
            where = f"{location}#{number}"
            names = {"task": task, "dataset": dataset, "metric": metric, "epoch": epoch}
            known = claim(where, names, row)
            if isinstance(known, Rejection):
                yield known
            else:
                measured.add(network, known)


class LemurDatabase:
    """LEMUR's SQLite file."""

    kind = "LEMUR SQLite file"
    name = "lemur"
    licence: str | None = None

    def __init__(self, path: Path) -> None:
        """Look at the tables.

        Raises:
            ValueError: The file is no SQLite database, or not LEMUR's.
        """
        self._database = ForeignDatabase(path)
        if not {"nn", "stat", "prm"} <= self._database.tables():
            raise ValueError(f"{path}: no tables nn, stat and prm")

    def steps(self) -> int:
        """Return the number of networks and measurements."""
        return self._database.count("nn") + self._database.count("stat")

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield the measurements' rejections, then the networks with their measurements."""
        settings: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        sizes: defaultdict[str, int] = defaultdict(int)
        for uid, name, value in self._database.rows("prm", ("uid", "name", "value")):
            # Trials under equal settings share an id here, so nobody knows whose the notes are.
            if not is_note(str(name)):
                settings[uid][name] = value
                sizes[uid] += len(str(name)) + len(str(value))
        measured = _Measured()
        columns = (
            "id",
            "task",
            "dataset",
            "metric",
            "epoch",
            "nn",
            "transform",
            "prm",
            "accuracy",
            "duration",
        )
        for values in self._database.rows("stat", columns):
            row = dict(zip(columns, values, strict=True))
            measured.note_task(row["nn"], row["task"])
            if sizes[row["prm"]] > MAX_SETTINGS_CHARACTERS:
                detail = f"its settings have more than {MAX_SETTINGS_CHARACTERS} characters"
                yield Rejection(
                    location=f"stat/{row['id']}", reason=RejectionReason.BAD_STATISTICS, detail=detail
                )
                continue
            trial = {
                **settings[row["prm"]],
                **{key: row[key] for key in ("transform", "accuracy", "duration")},
            }
            names = {key: row[key] for key in ("task", "dataset", "metric", "epoch")}
            known = claim(f"stat/{row['id']}", names, {**trial, "uid": row["prm"]})
            if isinstance(known, Rejection):
                yield known
            else:
                measured.add(row["nn"], known)
            yield None
        for name, code in self._database.rows("nn", ("name", "code")):
            location = f"{name}.py"
            if not isinstance(code, str):
                yield Rejection(location=location, reason=RejectionReason.NOT_UTF8, detail="not a text")
            elif not code.strip():
                yield Rejection(location=location, reason=RejectionReason.EMPTY)
            else:
                yield measured.complete(Found(location=location, text=code), name)
        yield from measured.orphans()
