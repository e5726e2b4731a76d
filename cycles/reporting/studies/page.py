"""Puts the page of a study together: one HTML file with its style and its pictures inside, and no script.

It has the style and the policy of a run's page (`cycles.reporting.page`). Wins and losses look alike. This
module does *not* compute a figure.
"""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from cycles.figures.studies.pairs import StudyFigures
from cycles.figures.studies.tables import grids, note
from cycles.reporting.page import asset, content_security_policy, template
from cycles.reporting.studies.curves import best_so_far, lines

HUES = 8
"""Arms that have a colour of their own; the lines of the next as many are dashed."""


def render_study(figures: StudyFigures) -> str:
    """Return the page of a study."""
    arms = [
        (name, f"hue-{place % HUES}{' dashed' if place // HUES % 2 else ''}", runs)
        for place, (name, runs) in enumerate(figures.arms.items())
    ]
    style = f"{asset('page.css')}\n{asset('study.css')}"
    return template("study.html.j2").render(
        name=figures.name,
        arms=arms,
        pairs=figures.pairs,
        remarks=figures.remarks,
        metric=figures.metric,
        chart=best_so_far(lines(arms), figures.metric),
        grids=grids(figures),
        note=note(figures).replace("*", ""),
        policy=content_security_policy(style, "", live=False),
        style=Markup(style),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
