"""LEMUR's data, from a checkout or from its SQLite file (tables `nn`, `stat`, `prm`).

    nn/<name>.py
    stat/train/<task>_<dataset>_<metric>_<name>/<epoch>.json      a list of trials; older: without train/

A measurement becomes an evaluation only if its metric is accuracy (`acc`) and its value lies in [0, 1]. Its
protocol id is `imported:<collection>/<task>_<dataset>_<metric>/e<epoch>/<hash of the settings>`: two trials
share it only if task, data set, epoch and every hyperparameter are equal, and it never equals one of ours.
This module does *not* vouch for any accuracy.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from corpus.exchange.exporting.lemur import METRIC, LemurTrial
from corpus.exchange.importing.files import printable, read_program, read_text, stated_licence
from corpus.exchange.importing.source import Found, ImportSourceError, Rejection, RejectionReason
from corpus.records.base import content_id
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.exchange import ImportedEvaluation

MAX_STATISTICS_BYTES = 20_000_000
"""Largest statistics file that is read, in bytes."""

_RESULTS = frozenset({"uid", "accuracy", "duration"})
"""Keys of a trial that are results or names; every other one is a setting."""

Trials = defaultdict[str, list[ImportedEvaluation]]


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
        trials: Trials = defaultdict(list)
        for path in self._statistics:
            yield from self._read_statistics(path, trials)
            yield None
        for path in self._networks:
            found = read_program(path, self._root)
            if isinstance(found, Found):
                found.evaluations = trials.pop(path.stem, [])
            yield found
        for network, orphans in trials.items():
            yield _orphans(network, len(orphans))

    def _read_statistics(self, path: Path, trials: Trials) -> Iterator[Rejection]:
        location = printable(path.relative_to(self._root).as_posix())
        text = read_text(path, self._root, MAX_STATISTICS_BYTES)
        if isinstance(text, Rejection):
            yield text
            return
        try:
            task, dataset, metric, network = path.parent.name.split("_", 3)
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
            known = _evaluation(where, {**names, "trial": row})
            if isinstance(known, Rejection):
                yield known
            else:
                trials[network].append(known)


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
            settings[uid][name] = value
        trials: Trials = defaultdict(list)
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
            known = _evaluation(f"stat/{row['id']}", {**names, "trial": {**trial, "uid": row["prm"]}})
            if isinstance(known, Rejection):
                yield known
            else:
                trials[row["nn"]].append(known)
            yield None
        for name, code in self._select("SELECT name, code FROM nn ORDER BY rowid"):
            location = f"{name}.py"
            if not isinstance(code, str):
                yield Rejection(location=location, reason=RejectionReason.NOT_UTF8, detail="not a text")
            elif not code.strip():
                yield Rejection(location=location, reason=RejectionReason.EMPTY)
            else:
                yield Found(location=location, text=code, evaluations=trials.pop(name, []))
        for network, orphans in trials.items():
            yield _orphans(network, len(orphans))

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


def _orphans(network: str, count: int) -> Rejection:
    return Rejection(
        location=printable(str(network)),
        reason=RejectionReason.UNKNOWN_NETWORK,
        detail=f"{count} trials without a program",
    )


def _evaluation(location: str, named: dict[str, Any]) -> ImportedEvaluation | Rejection:
    """Return the evaluation of a trial; the importer completes its candidate and protocol ids."""

    def refused(reason: RejectionReason, detail: str) -> Rejection:
        return Rejection(location=location, reason=reason, detail=detail)

    try:
        known = LemurTrial.model_validate(named)
        if known.metric != METRIC:
            return refused(RejectionReason.NOT_AN_ACCURACY, f"the metric is {known.metric}")
        accuracy = known.trial.get("accuracy")
        if isinstance(accuracy, bool) or not isinstance(accuracy, int | float) or not 0 <= accuracy <= 1:
            return refused(RejectionReason.NOT_AN_ACCURACY, f"accuracy {str(accuracy)[:80]}")
        duration = known.trial.get("duration", 0)
        seconds = duration / 1e9 if isinstance(duration, int | float) and 0 <= duration < math.inf else 0.0
        settings = {key: value for key, value in known.trial.items() if key not in _RESULTS}
        digest = content_id(json.dumps(settings, sort_keys=True, allow_nan=False))
        detail = json.dumps(known.model_dump(), sort_keys=True, allow_nan=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"])
        return refused(RejectionReason.BAD_STATISTICS, f"{where}: {first['msg']}")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        return refused(RejectionReason.BAD_STATISTICS, str(error).splitlines()[0][:200])
    evaluation = Evaluation(
        candidate_id="",
        protocol_id=f"{known.task}_{known.dataset}_{known.metric}/e{known.epoch}/{digest}",
        status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE,
        accuracy=float(accuracy),
        wall_seconds=seconds,
    )
    return ImportedEvaluation(evaluation=evaluation, detail=detail)
