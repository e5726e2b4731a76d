"""What a trial of LEMUR's says: its accuracy, the settings that it was measured under, and its notes.

A trial holds all of this side by side. Losses, best values, figures of the machine and nested tables are
notes, and so is what names the trial; every other key is a setting. Only settings make a protocol, so that
trials under equal settings share one. Numbers are compared as numbers: LEMUR's database keeps 1.0 as 1.

Trials that repeat a measurement are one evaluation whose accuracy is their mean, not their best: the best of
several is higher the more often somebody tried. Each of them stays in the detail, in its source's words.

This module does *not* read files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from corpus.exchange.exporting.lemur import METRIC, LemurTrials
from corpus.exchange.importing.source import Rejection, RejectionReason
from corpus.records.base import content_id
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.exchange import ImportedEvaluation

_NOTES = frozenset(
    {"uid", "accuracy", "duration", "duration_seconds", "task", "dataset", "metric", "model"}
    | {"lr_now", "gradient_norm", "samples_per_second", "total_ram_kb", "ram_usage_percent"}
)
_KINDS_OF_NOTES = ("train_", "test_", "best_", "metric_", "cpu_", "gpu_", "occupied_")
"""Beginnings of further keys that are no settings."""


def settings_of(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a trial was measured under, without results, diagnostics and the trial's own names."""
    return {key: value for key, value in trial.items() if not is_note(key) and _is_plain(value)}


def is_note(key: str) -> bool:
    """Return whether a key of a trial holds something else than a setting."""
    return key in _NOTES or key.startswith(_KINDS_OF_NOTES)


def claim(location: str, names: Mapping[str, Any], trial: Any) -> ImportedEvaluation | Rejection:
    """Return the evaluation that a trial amounts to; the importer completes its candidate and protocol ids.

    Args:
        location: Where the trial stands, for people.
        names: `task`, `dataset`, `metric` and `epoch`.
        trial: The JSON object.
    """

    def refused(reason: RejectionReason, detail: str) -> Rejection:
        return Rejection(location=location, reason=reason, detail=detail)

    try:
        known = LemurTrials.model_validate({**names, "trials": [trial]})
        if known.metric.split(",")[0] != METRIC:
            return refused(RejectionReason.NOT_AN_ACCURACY, f"the metric is {known.metric}")
        accuracy = _accuracy(known.trials[0])
        if accuracy is None:
            given = str(known.trials[0].get("accuracy"))[:80]
            return refused(RejectionReason.NOT_AN_ACCURACY, f"accuracy {given}")
        settings = {key: _number(value) for key, value in settings_of(known.trials[0]).items()}
        digest = content_id(json.dumps(settings, sort_keys=True, allow_nan=False))
        return ImportedEvaluation(
            evaluation=Evaluation(
                candidate_id="",
                protocol_id=f"{known.task}_{known.dataset}_{known.metric}/e{known.epoch}/{digest}",
                status=EvaluationStatus.COMPLETE,
                stage=Stage.DONE,
                accuracy=accuracy,
                wall_seconds=_seconds(known.trials[0]),
            ),
            detail=_json(known),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"])
        return refused(RejectionReason.BAD_STATISTICS, f"{where}: {first['msg']}")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        return refused(RejectionReason.BAD_STATISTICS, str(error).splitlines()[0][:200])


def merged(claims: Sequence[ImportedEvaluation]) -> tuple[ImportedEvaluation, int]:
    """Return the claims of one protocol as one, and how many of them say nothing new.

    A trial that stands in several counts once. A claim without trials of LEMUR's form counts only if it is
    the first.
    """
    first, *others = claims
    if not others:
        return first, 0
    together = trials_in(first.detail)
    distinct = {_identity(trial): trial for trial in together.trials} if together else {}
    idle = 0
    for other in others:
        theirs = trials_in(other.detail) if together else None
        fresh = {_identity(trial): trial for trial in theirs.trials} if theirs else {}
        idle += fresh.keys() <= distinct.keys()
        distinct |= fresh
    if together is None or idle == len(others):
        return first, idle
    together = together.model_copy(update={"trials": tuple(distinct.values())})
    figures = {
        "accuracy": _mean([_accuracy(trial) or 0.0 for trial in together.trials]),
        "wall_seconds": _mean([_seconds(trial) for trial in together.trials]),
    }
    evaluation = first.evaluation.model_copy(update=figures)
    return first.model_copy(update={"evaluation": evaluation, "detail": _json(together)}), idle


def trials_in(detail: str | None) -> LemurTrials | None:
    """Return the trials of a claim's detail, None if it holds none of LEMUR's form."""
    try:
        return None if detail is None else LemurTrials.model_validate_json(detail)
    except ValidationError:
        return None


def _accuracy(trial: Mapping[str, Any]) -> float | None:
    value = trial.get("accuracy")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _seconds(trial: Mapping[str, Any]) -> float:
    """Return the duration, which LEMUR writes in nanoseconds; 0 where there is none."""
    duration = trial.get("duration", 0)
    return duration / 1e9 if isinstance(duration, int | float) and 0 <= duration < math.inf else 0.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _number(value: Any) -> Any:
    """Return numbers that are equal as one and the same: 1.0, 1 and true are 1."""
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value


def _identity(trial: Mapping[str, Any]) -> str:
    return json.dumps(trial, sort_keys=True)


def _json(trials: LemurTrials) -> str:
    return json.dumps(_finite(trials.model_dump(mode="json")), sort_keys=True, allow_nan=False)


def _finite(value: Any) -> Any:
    """Return `value` with null for every number that is none or without end, as LEMUR itself writes them."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(one) for key, one in value.items()}
        case list():
            return [_finite(one) for one in value]
    return value
