"""Puts a report together: one HTML file with its style, script, pictures and data inside.

The file needs nothing else: its Content-Security-Policy forbids every request, and allows the one script and
the one style by their hashes, so nothing that a program wrote can run even if an escape were missing. Jinja
escapes every value of the template by default; markup comes from `svg`, `drawing` and Pygments alone.

The page made for `archloop serve` may in addition ask its own server whether the ledger has changed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from corpus.novelty.threshold import fixed_threshold
from corpus.records.text import visible
from cycles.config.arms import CLOSED_LOOP
from cycles.figures.comparison import verdict
from cycles.figures.coverage import MEASURES, coverage
from cycles.figures.measure import validation_words
from cycles.figures.planning import planning
from cycles.figures.runs import RunData
from cycles.reporting import bars, charts
from cycles.reporting.arms import DRAWN_CYCLES, Arm, arms_of
from cycles.reporting.curves import capital, curve, figures
from cycles.reporting.gallery import gallery
from cycles.reporting.heat import levels
from cycles.reporting.payload import payload
from cycles.reporting.sections import (
    admitted_words,
    compared,
    comparison_sentence,
    origins,
    settings,
    stages,
    status_rows,
    tiles,
)
from cycles.reporting.svg import short
from cycles.reporting.trees.beliefs import draw_beliefs
from cycles.reporting.trees.descent import descents

if TYPE_CHECKING:
    from jinja2 import Template

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("page.js", "table.js", "candidate.js", "start.js")


def render(runs: Sequence[RunData], *, live: str | None = None) -> str:
    """Return the report of `runs` as one HTML page.

    Args:
        runs: At least one, as `gathering.gather` returns them.
        live: For a served page: the state of the ledgers that it shows, to be asked for again.
    """
    script = "\n".join(asset(name) for name in SCRIPTS)
    style = asset("page.css")
    return template("page.html.j2").render(
        **_content(runs),
        live=live,
        policy=content_security_policy(style, script, live=live is not None),
        style=Markup(style),
        script=Markup(script),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def template(name: str) -> Template:
    """Return a template that escapes every value, and fails over a value that it is not given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["short"] = short
    return environment.get_template(name)


def content_security_policy(style: str, script: str, *, live: bool) -> str:
    """Return a policy that allows one style and one script by their hashes, and no request but to `live`."""
    connect = "'self'" if live else "'none'"
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        f"img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def asset(name: str) -> str:
    """Return the text of a file of `assets`."""
    return (ASSETS / name).read_text(encoding="utf-8")


def _content(runs: Sequence[RunData]) -> dict[str, Any]:
    """Return all that the template shows."""
    arms = arms_of(runs)
    first = next((run for run in runs if run.judged), runs[0])
    metric = first.metric
    of_cycles = figures(
        metric, fixed_threshold(first.config.corpus, metric), validation_words(first.config, metric)
    )
    shown = [arm for arm in arms if arm.cycles]
    # A gallery of the loop's own networks; of whatever there is where no loop is among the runs.
    own = [run for run in runs if run.arm == CLOSED_LOOP] or list(runs)
    exhibits = gallery(own)
    judgement = verdict(runs)
    headings, rows = compared(runs)
    return {
        "runs": runs,
        "arms": arms,
        "main": arms[0],
        "drawn_cycles": DRAWN_CYCLES,
        "metric": metric,
        "metric_words": capital(metric.words),
        "admitted": admitted_words(arms[0].runs[0]),
        "tiles": tiles(arms[0], of_cycles) if arms[0].cycles else [],
        "verdict": judgement,
        "sentence": comparison_sentence,
        "has_loop": any(run.arm == CLOSED_LOOP for run in runs),
        "has_control": any(run.arm != CLOSED_LOOP for run in runs),
        "curves": [(figure, curve(figure, shown)) for figure in of_cycles] if shown else [],
        "populations": [_population(arm) for arm in shown],
        "pareto": charts.pareto(arms),
        "exhibits": exhibits,
        "descents": descents(runs),
        "measures": MEASURES,
        "covered": [found for arm in arms if (found := _covered(arm)) is not None],
        "payload": payload(runs, [exhibit.row.candidate.id for exhibit in exhibits]),
        "headings": headings,
        "compared": rows,
        "settings": [(run, settings(run)) for run in runs],
        "protocols": len(frozenset().union(*(run.protocols for run in runs))),
    }


def _covered(arm: Arm) -> dict[str, Any] | None:
    """Return how an arm covers the template of its ideas, None where it went by none."""
    found = coverage((run.ideas, run.judged) for run in arm.runs)
    spread = found and (found.told or found.seen)
    if not found or not spread:
        return None
    return {
        "arm": arm,
        "coverage": found,
        "spread": spread,
        "levels": levels(spread),
    }


def _population(arm: Arm) -> dict[str, Any]:
    """Return the pictures and tables of one arm."""
    cycles, statuses = status_rows(arm)
    plan = planning((run.config, run.judged) for run in arm.runs)
    return {
        "arm": arm,
        "ridges": charts.ridges(arm),
        "origins": origins(arm),
        "outcomes": bars.outcomes(arm),
        "novelty": charts.novelty(arm, arm.runs[0].config.corpus.tau),
        "stage_bars": bars.stage_bars(arm),
        "token_bars": bars.token_bars(arm),
        "plan": plan,
        "beliefs": plan and draw_beliefs(plan),
        "stages": stages(arm),
        "cycles": cycles,
        "statuses": statuses,
    }
