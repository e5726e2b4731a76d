"""A LEMUR tree: the programs that keep LEMUR's contract, and their measurements as its statistics.

    ab/nn/nn/<name>.py
    ab/nn/stat/train/<task>_<dataset>_<metric>_<name>/<epoch>.json      a list of trials
    ab/nn/transform/<name>.py, ab/nn/metric/acc.py                      what LEMUR looks for beside a trial
    licences.json                                                       the licence of each network

`_` separates the parts of a statistics folder, so no name holds one. A trial has the keys of LEMUR's own
(`uid`, `transform`, `accuracy`, `duration` in nanoseconds, hyperparameters), and `protocol`, which lands in
LEMUR's table of parameters and says under which protocol of ours the accuracy was measured. `transform` has
the name that LEMUR gives to what the protocol does to images, `norm` unless it resizes or mirrors them.
Trials that were imported are written as they came, each of those that repeat one measurement.

Programs that failed or lack a part of the contract are *not* in the tree, nor is a measurement by another
metric than accuracy: what LEMUR means by these is not what is measured here. Every other format has them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.exchange.exporting.card import CARD, TAG, ExportNotes, licence_metadata, listed
from corpus.exchange.exporting.destination import new_directory
from corpus.exchange.exporting.lemur_modules import ACCURACY, transform_module
from corpus.ledger.reader import Ledger
from corpus.programs.contract import breaches
from corpus.programs.parsing import parse_or_none
from corpus.records.base import content_id
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.mistakes import Mistake
from corpus.records.tasks.kinds import Metric

NETWORKS = PurePosixPath("ab/nn/nn")
STATISTICS = PurePosixPath("ab/nn/stat/train")
TRANSFORMS = PurePosixPath("ab/nn/transform")
METRICS = PurePosixPath("ab/nn/metric")
LICENCES = "licences.json"
TASK = "img-classification"
METRIC = "acc"

_NAME = r"^[A-Za-z0-9,+-][A-Za-z0-9.,+ -]*$"
"""What may stand between the underscores of a statistics folder: nothing that leads to another folder."""


class NoAccuraciesError(Mistake):
    """A ledger's programs were judged by other metrics alone, which the tree has no place for."""


class LemurTrials(BaseModel):
    """One measurement in LEMUR's terms, as often as it was made under one and the same settings.

    Attributes:
        task: Such as `img-classification`.
        dataset: Such as `cifar-10`.
        metric: Such as `acc`.
        epoch: Epochs trained.
        trials: The JSON objects in the statistics file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = Field(pattern=_NAME)
    dataset: str = Field(pattern=_NAME)
    metric: str = Field(pattern=_NAME)
    epoch: int = Field(ge=0)
    trials: tuple[dict[str, Any], ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _one_trial_alone(cls, values: Any) -> Any:
        """Ledgers of before hold one trial under the key `trial`."""
        if isinstance(values, dict) and "trial" in values and "trials" not in values:
            rest = {key: value for key, value in values.items() if key != "trial"}
            return {**rest, "trials": [values["trial"]]}
        return values


def export_lemur(
    ledger: Ledger,
    directory: Path,
    notes: ExportNotes | None = None,
    settings: Mapping[str, Mapping[str, float | int | str]] | None = None,
    *,
    replace: bool = False,
) -> dict[str, int]:
    """Write the tree into `directory` and return how many networks and trials it holds.

    Args:
        ledger: The ledger.
        directory: A new or empty directory, or with `replace` an earlier export.
        notes: What the README says of the export.
        settings: What a protocol hands to every program in `prm`, by protocol id.
        replace: Whether to replace an earlier export.

    Raises:
        LedgerExistsError: The directory is in use.
        NoAccuraciesError: Nothing was judged by accuracy, and something by another metric.
        OSError: It cannot be written.
    """
    metrics = {evaluation.metric for evaluation in ledger.evaluations()}
    if metrics and Metric.ACCURACY not in metrics:
        raise NoAccuraciesError(refusal(str(ledger.path), metrics))
    counts = {"networks": 0, "trials": 0}
    notes = notes or ExportNotes()
    measured = _Measurements(ledger, settings or {}, notes.licence)
    licences: dict[str, str] = {}
    with new_directory(directory, replace=replace) as partial:
        for part in (NETWORKS, STATISTICS, TRANSFORMS, METRICS):
            (partial / part).mkdir(parents=True)
        (partial / METRICS / f"{METRIC}.py").write_text(ACCURACY, encoding="utf-8")
        for source, candidates in _programs(ledger).items():
            trials = measured.trials(candidates)
            wanted = trials or any(candidate.origin is not Origin.SAMPLED for candidate in candidates)
            if not wanted or not _keeps_contract(source):
                continue
            name = measured.name(candidates[0], licences)
            licences[name] = measured.licence(candidates)
            path = partial / NETWORKS / f"{name}.py"
            path.write_text(source, encoding="utf-8", newline="")
            _write_statistics(partial / STATISTICS, name, trials)
            _write_transforms(partial / TRANSFORMS, trials)
            counts["networks"] += 1
            counts["trials"] += sum(len(each.trials) for each in trials)
        text = json.dumps(licences, indent=4, sort_keys=True)
        (partial / LICENCES).write_text(text + "\n", encoding="utf-8")
        (partial / CARD).write_text(_readme(notes, counts, licences), encoding="utf-8")
    return counts


def refusal(name: str, metrics: Iterable[Metric]) -> str:
    """Return why programs that are judged by these metrics do not become a tree, with the remedy."""
    return (
        f"{name}: its programs are judged by {' and '.join(sorted(each.words for each in metrics))}, and a "
        "LEMUR tree holds image classifiers with their accuracy. Export tables: --format parquet"
    )


class _Measurements:
    """The ledger's evaluations as LEMUR's trials."""

    def __init__(
        self, ledger: Ledger, settings: Mapping[str, Mapping[str, float | int | str]], licence: str
    ) -> None:
        self._settings = settings
        self._licence = licence
        self._imported = ledger.imported_trials()
        self._provenance = ledger.provenance()
        self._evaluations: defaultdict[str, list[Evaluation]] = defaultdict(list)
        for evaluation in ledger.evaluations():
            measured = evaluation.valid and evaluation.accuracy is not None
            if measured and evaluation.metric is Metric.ACCURACY:
                self._evaluations[evaluation.candidate_id].append(evaluation)

    def trials(self, candidates: Sequence[Candidate]) -> list[LemurTrials]:
        """Return the trials of one program, the first of each protocol and of each set of hyperparameters."""
        first: dict[object, LemurTrials] = {}
        for candidate in candidates:
            own = {each.name: each.value for each in candidate.hyperparameters}
            for evaluation in self._evaluations[candidate.id]:
                place = evaluation.protocol_id, candidate.hyperparameters
                if place not in first:
                    first[place] = self._trial(evaluation, own)
        return list(first.values())

    def name(self, candidate: Candidate, taken: Container[str]) -> str:
        """Return the network's name: the one it was imported under, unless another program has it."""
        address = content_id(candidate.source or "")
        origin = self._provenance.get(candidate.id)
        if origin is None:
            return f"archloop-{address}"
        name = re.sub(r"[^A-Za-z0-9.,+-]", "-", PurePosixPath(origin.location).stem).lstrip(".")
        return f"{name}-{address}" if not name or name in taken else name

    def licence(self, candidates: Sequence[Candidate]) -> str:
        """Return the licence of one program: that of its import, if it was imported anywhere."""
        origins = (self._provenance.get(candidate.id) for candidate in candidates)
        return next((origin.licence for origin in origins if origin is not None), self._licence)

    def _trial(self, evaluation: Evaluation, own: Mapping[str, float]) -> LemurTrials:
        detail = self._imported.get((evaluation.candidate_id, evaluation.protocol_id))
        if detail is not None and {"trial", "trials"} & json.loads(detail).keys():
            return LemurTrials.model_validate_json(detail)
        protocol = evaluation.protocol_id
        uid = hashlib.sha256(f"{evaluation.candidate_id}\n{protocol}".encode()).hexdigest()[:32]
        trial = {
            "batch": _number(protocol, "b"),
            "transform": "norm",
            **self._settings.get(protocol, {}),
            **own,
            "accuracy": evaluation.accuracy,
            "duration": round(evaluation.wall_seconds * 1e9),
            "protocol": protocol,
            "uid": uid,
        }
        dataset = re.sub(r"[^A-Za-z0-9.,+-]", "-", protocol.split("/")[0]).lstrip(".") or "unknown"
        return LemurTrials(
            task=TASK,
            dataset=dataset,
            metric=METRIC,
            epoch=_number(protocol, "e") or 1,
            trials=({key: value for key, value in trial.items() if value is not None},),
        )


def _programs(ledger: Ledger) -> dict[str, list[Candidate]]:
    """Return the candidates of each program text, in the ledger's order."""
    programs: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in ledger.candidates():
        if candidate.source is not None:
            programs[candidate.source].append(candidate)
    return programs


def _keeps_contract(source: str) -> bool:
    tree = parse_or_none(source)
    return tree is not None and next(breaches(tree), None) is None


def _write_statistics(directory: Path, name: str, trials: Sequence[LemurTrials]) -> None:
    files: defaultdict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for each in trials:
        files[f"{each.task}_{each.dataset}_{each.metric}_{name}", each.epoch] += each.trials
    for (folder, epoch), found in files.items():
        (directory / folder).mkdir(exist_ok=True)
        text = json.dumps(found, indent=4, sort_keys=True)
        (directory / folder / f"{epoch}.json").write_text(text + "\n", encoding="utf-8")


def _write_transforms(directory: Path, trials: Sequence[LemurTrials]) -> None:
    """Write the transforms that trials name and that are ours to write: LEMUR drops a trial without one."""
    for name in {str(trial.get("transform")) for each in trials for trial in each.trials}:
        module = transform_module(name)
        if module is not None:
            (directory / f"{name}.py").write_text(module, encoding="utf-8")


def _number(protocol: str, letter: str) -> int | None:
    """Return the number of the part `e1`, `b16` of a protocol id, None where it has no such part."""
    found = re.search(rf"(?:^|/){letter}(\d+)(?=/|$)", protocol)
    return int(found[1]) if found else None


def _readme(notes: ExportNotes, counts: Mapping[str, int], licences: Mapping[str, str]) -> str:
    different = sorted(set(licences.values()))
    metadata = "\n".join(f"{key}: {value}" for key, value in licence_metadata(different, LICENCES).items())
    return f"""---
{metadata}
tags:
- {TAG}
- lemur
- machine-generated
---

# {notes.name}, as a LEMUR tree

{counts["networks"]} networks in `{NETWORKS}`, {counts["trials"]} trials in `{STATISTICS}`. Copy the folder
`ab` into a LEMUR checkout, without replacing what is there: `cp -rn ab CHECKOUT/`. `{TRANSFORMS}` and
`{METRICS}` are for checkouts that lack what the trials name. **Machine-generated, executable code**: nobody
reviewed it; run it in a sandbox only.

- Base model: {notes.base_model}. Hardware: {notes.hardware}.
- Licences: `{LICENCES}` states that of each network (SPDX; NOASSERTION: nobody stated one). In this tree:
  {listed(different) or "no networks"}.
- A trial's `protocol` names the protocol of its accuracy; only equal protocols compare, and none compares
  with trials of LEMUR's own.
"""
