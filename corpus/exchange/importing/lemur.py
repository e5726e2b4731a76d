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
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corpus.exchange.exporting.lemur import LICENCES, TASK
from corpus.exchange.importing.files import printable, read_program, read_text, stated_licence
from corpus.exchange.importing.source import Found, ImportSourceError, Rejection, RejectionReason
from corpus.exchange.importing.trials import claim, is_note
from corpus.records.exchange import ImportedEvaluation

MAX_STATISTICS_BYTES = 20_000_000
"""Largest statistics file that is read, in bytes."""


class _Measured:
    """What the statistics say, by network: its trials, and the tasks that it was trained on."""

    def __init__(self) -> None:
        self._trials: defaultdict[str, list[ImportedEvaluation]] = defaultdict(list)
        self._tasks: defaultdict[str, set[str]] = defaultdict(set)

    def note_task(self, network: str, task: str) -> None:
        """Note that a network was trained on a task, whatever became of the trial."""
        self._tasks[network].add(task)

    def add(self, network: str, trial: ImportedEvaluation) -> None:
        """Note a trial."""
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
            path for path in (base / "nn").iterdir() if path.suffix == ".py" and path.name != "__init__.py"
        )
        trained = base / "stat" / "train"
        statistics = trained if trained.is_dir() else base / "stat"
        self._statistics = sorted(path for path in statistics.glob("*/*.json"))

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
        self._path = path
        tables = {row[0] for row in self._select("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"nn", "stat", "prm"} <= tables:
            raise ValueError(f"{path}: no tables nn, stat and prm")

    def steps(self) -> int:
        """Return the number of networks and measurements."""
        return int(self._select("SELECT (SELECT count(*) FROM nn) + (SELECT count(*) FROM stat)")[0][0])

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield the measurements' rejections, then the networks with their measurements."""
        settings: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for uid, name, value in self._select("SELECT uid, name, value FROM prm"):
            # Trials under equal settings share an id here, so nobody knows whose the notes are.
            if not is_note(str(name)):
                settings[uid][name] = value
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
        for values in self._select(f"SELECT {', '.join(columns)} FROM stat ORDER BY rowid"):
            row = dict(zip(columns, values, strict=True))
            trial = {
                **settings[row["prm"]],
                **{key: row[key] for key in ("transform", "accuracy", "duration")},
            }
            names = {key: row[key] for key in ("task", "dataset", "metric", "epoch")}
            measured.note_task(row["nn"], row["task"])
            known = claim(f"stat/{row['id']}", names, {**trial, "uid": row["prm"]})
            if isinstance(known, Rejection):
                yield known
            else:
                measured.add(row["nn"], known)
            yield None
        for name, code in self._select("SELECT name, code FROM nn ORDER BY rowid"):
            location = f"{name}.py"
            if not isinstance(code, str):
                yield Rejection(location=location, reason=RejectionReason.NOT_UTF8, detail="not a text")
            elif not code.strip():
                yield Rejection(location=location, reason=RejectionReason.EMPTY)
            else:
                yield measured.complete(Found(location=location, text=code), name)
        yield from measured.orphans()

    def _select(self, query: str) -> list[Any]:
        try:
            uri = f"file:{quote(str(self._path.resolve()))}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                # A text that is no UTF-8 arrives as bytes, and is reported, instead of ending the import.
                connection.text_factory = _text
                return connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise ImportSourceError(f"{self._path}: not a readable LEMUR database ({error}).") from None


def _text(content: bytes) -> str | bytes:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
