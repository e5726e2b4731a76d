"""The best networks of a report, each of another design, with highlighted code and a drawing.

Best is the validation accuracy, or the score of another metric, under the protocol of the runs. This module
does *not* rank across protocols: with several, each network says which run it comes from and the caption says
that they do not compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from corpus.novelty.diversity import block_families, skeleton
from corpus.records.search.trials import Trial
from corpus.records.text import visible
from cycles.figures.runs import RunData
from cycles.reporting.charts import anchor
from cycles.reporting.drawing import draw
from cycles.reporting.text import MAX_SOURCE_CHARACTERS, shown

NETWORKS = 9

_COSTLY = re.compile(r"[^\n]{500}|\s{200}")


@dataclass(frozen=True)
class Exhibit:
    """One network of the gallery.

    Attributes:
        run: Its run.
        row: The candidate with its judgement.
        address: Where its page is, within the report.
        name: Its id, fit to be shown.
        families: Families of building blocks that it uses.
        code: Its source, highlighted.
        drawing: Its network, None where none was recorded.
    """

    run: RunData
    row: Trial
    address: str
    name: str
    families: list[str]
    code: Markup
    drawing: Markup | None


def gallery(runs: Sequence[RunData], count: int = NETWORKS) -> list[Exhibit]:
    """Return the best networks, at most one of each design (equal up to numbers and names)."""
    ranked = sorted(
        ((run, row) for run in runs for row in run.valid),
        key=lambda pair: -(pair[1].evaluation.accuracy or 0.0),
    )
    found: list[Exhibit] = []
    designs = set[str]()
    for run, row in ranked:
        source = row.candidate.source or ""
        design = skeleton(source)
        if design in designs:
            continue
        designs.add(design)
        network = run.networks.get(row.candidate.id)
        found.append(
            Exhibit(
                run=run,
                row=row,
                address=anchor(run.name, row.candidate.id),
                name=visible(row.candidate.id),
                families=sorted(block_families(source)),
                code=highlighted(source),
                drawing=None if network is None else draw(network),
            )
        )
        if len(found) == count:
            break
    return found


def highlighted(source: str) -> Markup:
    """Return a program as HTML with Pygments' short token classes; every character of it is escaped.

    A text with a very long line or gap is only escaped: Pygments needs the square of its length for it.
    """
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = shown(source)
    if len(text) > 2 * MAX_SOURCE_CHARACTERS or _COSTLY.search(text):
        return escape(text)
    return Markup(highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))
