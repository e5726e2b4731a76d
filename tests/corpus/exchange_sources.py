"""Sources to import from: LEMUR trees and databases with real programs, and programs broken in many ways."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)


def network(seed: int) -> str:
    """Return a program of the grammar."""
    return sample_program(random.Random(seed), SHAPE).source


def trial(accuracy: Any, **settings: Any) -> dict[str, Any]:
    """Return a trial as LEMUR writes it."""
    known = {"batch": 64, "duration": 1_500_000_000, "lr": 0.01, "momentum": 0.9, "transform": "norm_32"}
    return {**known, "accuracy": accuracy, "uid": f"{accuracy}", **settings}


def lemur_tree(
    root: Path, networks: Mapping[str, str], statistics: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Path:
    """Write `nn/<name>.py` and `stat/train/<key>.json` below `root/ab/nn`."""
    base = root / "ab" / "nn"
    (base / "nn").mkdir(parents=True)
    (base / "nn" / "__init__.py").touch()
    (base / "stat" / "train").mkdir(parents=True)
    for name, source in networks.items():
        (base / "nn" / f"{name}.py").write_text(source, encoding="utf-8")
    for key, trials in statistics.items():
        path = base / "stat" / "train" / f"{key}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(trials, indent=4), encoding="utf-8")
    return root


def lemur_database(
    path: Path, networks: Mapping[str, str], statistics: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Path:
    """Write the same as a SQLite file with LEMUR's tables."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE nn (name TEXT PRIMARY KEY, code TEXT NOT NULL, id TEXT NOT NULL);"
        "CREATE TABLE prm (uid TEXT NOT NULL, name TEXT NOT NULL, value OBJECT NOT NULL);"
        "CREATE TABLE stat (id TEXT PRIMARY KEY, accuracy REAL, epoch INTEGER, duration INTEGER, task TEXT,"
        " dataset TEXT, nn TEXT, transform TEXT, metric TEXT, prm TEXT);"
    )
    for name, source in networks.items():
        connection.execute("INSERT INTO nn VALUES (?, ?, ?)", (name, source, name))
    for key, trials in statistics.items():
        folder, epoch = key.split("/")
        task, dataset, metric, name = folder.split("_")
        for number, row in enumerate(trials):
            values = dict(row)
            uid = f"{key}#{number}"
            measured = [values.pop(column, None) for column in ("accuracy", "duration")]
            values.pop("uid", None)
            for parameter, value in values.items():
                connection.execute("INSERT INTO prm VALUES (?, ?, ?)", (uid, parameter, value))
            connection.execute(
                "INSERT INTO stat VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    uid,
                    measured[0],
                    int(epoch),
                    measured[1],
                    task,
                    dataset,
                    name,
                    values["transform"],
                    metric,
                    uid,
                ),
            )
    connection.commit()
    connection.close()
    return path


def damaged(source: str, rng: random.Random) -> bytes:
    """Return a program broken in one of many ways, some of which leave it usable."""
    content = source.encode()
    place = rng.randrange(len(content))
    ways = (
        lambda: content[:place],
        lambda: content[:place] + rng.randbytes(rng.randrange(1, 20)) + content[place:],
        lambda: b"",
        lambda: b" \n\t\n",
        lambda: rng.randbytes(200),
        lambda: b"\xef\xbb\xbf" + content,
        lambda: b"\xff\xfe" + source.encode("utf-16-le"),
        lambda: source.replace("\n", "\r\n").encode(),
        lambda: source.replace("class Net", "class Network").encode(),
        lambda: content + b"\nx = " + b"(" * 5_000 + b")" * 5_000,
        lambda: content + b"\nx = " + b"-" * 50_000 + b"1",
        lambda: content + b"\nx = " + b"1+" * 20_000 + b"1",
        lambda: content + b"\nx = '\\d'\n",
        lambda: content + b"\x00",
        lambda: content + b"\nx = " + b"9" * 6_000,
        lambda: content + "\n# \u202e\u0000".encode(),
        lambda: content + b"#" * 500_000,
        lambda: content + b"\n\xc3\x28",
        lambda: b"# -*- coding: latin-1 -*-\n# \xe9\n" + content,
        lambda: source.replace("    ", "\t", 3).encode(),
        lambda: content + b"\n" + b"if 1:\n" + b"".join(b" " * depth + b"if 1:\n" for depth in range(1, 150)),
        lambda: content,
    )
    return rng.choice(ways)()
