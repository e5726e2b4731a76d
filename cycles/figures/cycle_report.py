"""The figures of a run, computed from its ledger: one `CycleReport` per cycle.

Nothing is counted while the loop runs; a report over a resumed run and one over an unbroken run are the
same function of the same rows. This module does *not* draw.
"""

from __future__ import annotations

from collections import Counter

from corpus.ledger.reader import Ledger
from corpus.novelty.diversity import entropy_bits, median_jaccard, traits, unique_share
from corpus.novelty.similarity import Shingler
from corpus.novelty.threshold import fixed_threshold
from corpus.records.admissions import AdmissionReason
from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.calls import AnswerPath
from corpus.records.search.proposals import DecidedBy
from corpus.records.search.trials import Trial
from cycles.config.arms import arm_of
from cycles.config.run import RunConfig
from cycles.figures.measure import metric_of
from cycles.figures.records import CycleReport
from cycles.figures.statistics import mean_interval, quantiles, wilson
from cycles.teachers.guard import verdict_of
from generator.edits.failures import EditFailure

_EDIT_FAILURES = frozenset(EditFailure)

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)


def cycle_report(ledger: Ledger, cycle: int, config: RunConfig) -> CycleReport:
    """Return the figures of one cycle; works on an unfinished cycle too and then speaks of what is judged."""
    judged = ledger.judged(cycle)
    total = len(judged)
    valid = [row for row in judged if row.evaluation.valid]
    accuracies = [row.evaluation.accuracy or 0.0 for row in valid]
    texts = Counter(row.candidate.completion for row in judged)
    metric = metric_of(config, judged)
    least = fixed_threshold(config.corpus, metric)
    shingler = Shingler.from_config(config.corpus)
    described = [traits(row.candidate.source or "", shingler) for row in valid]
    families = Counter(family for each in described for family in each.families)
    decided = Counter(decision.by for row in judged for decision in row.candidate.decisions)
    row = ledger.cycle_row(cycle)
    return CycleReport(
        cycle=cycle,
        arm=arm_of(config).words,
        metric=metric,
        candidates=total,
        statuses=dict(sorted(Counter(row.evaluation.status for row in judged).items())),
        reasons=dict(sorted(Counter(row.admission.reason for row in judged).items())),
        executable=wilson(sum(row.evaluation.accuracy is not None for row in judged), total),
        valid=wilson(len(valid), total),
        strong=None if least is None else wilson(sum(each >= least for each in accuracies), total),
        novel=wilson(sum(row.admission.reason.novel for row in valid), len(valid)),
        admitted=wilson(sum(row.admission.reason is AdmissionReason.ADMITTED for row in judged), total),
        unique=wilson(sum(count == 1 for count in texts.values()), total),
        mean_accuracy_all=mean_interval(accuracies + [0.0] * (total - len(valid))),
        mean_accuracy_valid=mean_interval(accuracies),
        best_accuracy=max(accuracies, default=None),
        accuracy_quantiles=tuple(quantiles(accuracies, QUANTILES)) if accuracies else (),
        median_jaccard=median_jaccard([each.shingles for each in described]),
        unique_skeletons=unique_share([each.design for each in described]) if described else None,
        families=dict(sorted(families.items())),
        family_entropy_bits=entropy_bits(families),
        mean_tokens=sum(row.candidate.token_count for row in judged) / total if total else 0.0,
        operators=dict(sorted(Counter(filter(None, (row.candidate.operator for row in judged))).items())),
        edit_failures=dict(sorted(Counter(filter(None, map(_edit_failure, judged))).items())),
        decided=dict(sorted(decided.items())),
        model_share=wilson(decided[DecidedBy.MODEL], decided.total()),
        calls={AnswerPath(name): count for name, count in sorted(ledger.call_paths(cycle).items())},
        training=row.training if row else None,
        guard=verdict_of(ledger, cycle),
        stage_seconds=ledger.stage_seconds(cycle),
    )


def _edit_failure(trial: Trial) -> str | None:
    """Return what was wrong with an answer as an edit, None where nothing was or none was asked for."""
    name = trial.evaluation.error_type
    return name if trial.evaluation.status is EvaluationStatus.NO_CODE and name in _EDIT_FAILURES else None


def run_reports(ledger: Ledger, config: RunConfig) -> list[CycleReport]:
    """Return the report of every finished cycle, in order."""
    return [cycle_report(ledger, cycle, config) for cycle in ledger.completed_cycles()]
