"""What a probe of a harness says of a module: the rows read from its graph, and what follows from them.

The graph is a claim of the process that ran the module, and may be forged: whatever is no row of a harness
is passed over, and a probe without rows is a failure. This module does *not* run anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from corpus.programs.structure import structure_of
from corpus.records.graphs import BATCH, GraphNode, NetworkGraph
from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ChannelRelation, Layout, ModuleProbe
from corpus.records.search.probes import Probe
from corpus.records.text import one_line
from generator.modules.harness import LAYOUTS, MAIN, MAIN_SIDE, MARK, OWN_PARAMETERS, SIDES, Row
from generator.modules.naming import own_text
from generator.modules.settings import OUT, Setting

Formula = tuple[float, float, float, float, float, float]

_IMAGES, _FEATURES = 4, 2
_BEFORE = ("input", "mean", "view", "constant", "add")
"""What a harness does before it calls its module."""
_LINE = re.compile(r"line (\d{1,9}): ")
_LONGEST_FAILURE = 500
_SURELY_WORKING = 2
"""Of `SIDES`, how many must work: the odd one and the oblong one. Of the small ones the first that does not
work ends what is known."""


_CHECKED = 2
"""Numbers of parameters that a formula must meet beyond those that it needs (our choice)."""


_LAID = {Layout.LAST: ("permute", "permute"), Layout.TOKENS: ("view", "permute", "permute")}
"""What laying images out for a module and back leaves in a graph, its last view aside."""

IDLE = structure_of(
    NetworkGraph(nodes=(GraphNode(op="input", shape=(BATCH, MAIN[0], MAIN_SIDE, MAIN_SIDE)),))
).exact
"""The structure of what does nothing in evaluation mode, as dropout does."""


def failed(module: MinedModule, setting: Setting, reason: str) -> ModuleProbe:
    """Return the probe of a module that cannot be used, with the reason."""
    return ModuleProbe(module_id=module.id, setting=setting, failure=_line(reason))


def module_probe(module: MinedModule, settings: Sequence[Setting], probe: Probe) -> ModuleProbe:
    """Return what the probe of a module's harness says of the module: of the first setting that works."""
    setting = settings[0]
    rows, inner = ([], None) if probe.graph is None else _split(probe.graph)
    if probe.failure is not None:
        error = _without_harness(module, probe.error or "")
        words = ": ".join(each for each in (probe.error_type or probe.failure.value, error) if each)
        repeatable = False if probe.error_type == "NotDeterministic" else None
        found = failed(module, setting, words)
        return found.model_copy(update={"deterministic": repeatable, "seconds": probe.wall_seconds})
    if not rows or rows[0].layout >= len(LAYOUTS):
        reason = "its graph cannot be recorded" if probe.graph is None else "its graph says nothing of it"
        return failed(module, setting, reason).model_copy(update={"seconds": probe.wall_seconds})
    main = rows[0]
    layout = LAYOUTS[main.layout]
    setting = settings[min(main.setting, len(settings) - 1)]
    passed = [row for row in rows if row.layout == main.layout]
    relation, divisor, multiple = _channels(passed, asks=OUT in setting.values())
    stride, smallest = _sides(passed)
    return ModuleProbe(
        module_id=module.id,
        setting=setting,
        rank=_FEATURES if layout is None else _IMAGES,
        layout=layout or Layout.FIRST,
        channels=ChannelRelation.OTHER if layout is None else relation,
        divisor=divisor,
        multiple=multiple,
        stride=stride,
        smallest_side=smallest,
        parameters=max(0, (probe.parameters or 0) - OWN_PARAMETERS),
        formula=_formula(rows),
        flops=probe.flops,
        probe_channels=(main.entering, main.channels),
        probe_side=MAIN_SIDE,
        deterministic=True,
        dtype="float32",
        structure=None if inner is None else _structure(inner, layout),
        seconds=probe.wall_seconds,
    )


def _without_harness(module: MinedModule, error: str) -> str:
    """Return an error without the number of its line, where that is a line of the harness."""
    found = _LINE.match(error)
    if found is None or int(found[1]) <= own_text(module).count("\n"):
        return error
    return error[found.end() :]


def _split(graph: NetworkGraph) -> tuple[list[Row], NetworkGraph | None]:
    """Return the rows that a harness hid in a graph, in order, and the graph without them."""
    rows: list[Row] = []
    kept: list[GraphNode] = []
    place: dict[int, int] = {-1: -1}
    dropped: set[int] = set()
    for index, node in enumerate(graph.nodes):
        row = _row(node)
        if row is not None:
            rows.append(row)
        if row is not None or (node.op == "sum" and dropped.issuperset(node.inputs) and node.inputs):
            dropped.add(index)
            continue
        left = [each for each in node.inputs if each not in dropped]
        if node.op == "add" and len(left) == 1 < len(node.inputs):
            place[index] = place[left[0]]
            continue
        place[index] = len(kept)
        kept.append(node.model_copy(update={"inputs": tuple(place[each] for each in left)}))
    try:
        return rows, _between(kept)
    except ValueError:
        return rows, None


def _structure(graph: NetworkGraph, layout: Layout | None) -> str:
    """Return the structure of a module's graph; what only lays images out and back again does nothing."""
    if layout is not None and tuple(node.op for node in graph.nodes[1:]) == _LAID.get(layout):
        return IDLE
    return structure_of(graph).exact


def _between(nodes: Sequence[GraphNode]) -> NetworkGraph:
    """Return the module's own graph, without what leads to its input and what is made of its output.

    Raises:
        ValueError: The nodes are not those of a harness.
    """
    start = len(_BEFORE)
    if tuple(node.op for node in nodes[:start]) != _BEFORE or len(nodes) == start:
        raise ValueError("not the graph of a harness")
    end = len(nodes) - (nodes[-1].op == "view" and len(nodes) > start)
    first = GraphNode(op="input", shape=nodes[start - 1].shape)
    inner = [
        node.model_copy(update={"inputs": tuple(_moved(each, start - 1) for each in node.inputs)})
        for node in nodes[start:end]
    ]
    return NetworkGraph(nodes=(first, *inner))


def _moved(place: int, by: int) -> int:
    if -1 < place < by:
        raise ValueError("a module that takes what is before its input")
    return place - by if place >= 0 else place


def _row(node: GraphNode) -> Row | None:
    shape = node.shape
    if node.op != "constant" or shape[:2] != (0, MARK) or len(shape) != 2 + len(Row._fields):
        return None
    row = Row(*shape[2:])
    sound = min(row.setting, row.layout, row.parameters) >= 0 and min(row[2:-1]) >= 1
    return row if sound else None


def _channels(rows: Sequence[Row], *, asks: bool) -> tuple[ChannelRelation, int, int]:
    """Return relation, divisor and multiple; `asks` says whether an argument names how many shall leave."""
    main = rows[0]
    tried = [row for row in rows if (row.height, row.width) == (MAIN_SIDE, MAIN_SIDE)]
    divisor = main.entering if len(tried) < 2 else tried[1].entering & -tried[1].entering
    grouped = divisor > 1
    changes = main.entering != main.asked
    if all(row.channels == row.entering for row in tried):
        return (ChannelRelation.GROUPED if grouped else ChannelRelation.SAME), divisor, 1
    if asks and changes and all(row.channels == row.asked for row in tried):
        narrows = any(row.asked < row.entering for row in tried) or len(tried) < 2
        if narrows:
            return (ChannelRelation.GROUPED if grouped else ChannelRelation.FREE), divisor, 1
    multiple = main.channels // max(main.entering, 1)
    if not grouped and multiple > 1 and all(row.channels == multiple * row.entering for row in tried):
        return ChannelRelation.MULTIPLE, 1, multiple
    return ChannelRelation.OTHER, 1, 1


def _sides(rows: Sequence[Row]) -> tuple[int, int]:
    """Return the stride, 0 where none holds, and the smallest side at which it holds."""
    main = rows[0]
    for stride in (1, 2):
        holds = {
            (row.height, row.width)
            for row in rows
            if (row.entering, row.asked) == (main.entering, main.asked)
            and (row.out_height, row.out_width) == (-(-row.height // stride), -(-row.width // stride))
        }
        if holds.issuperset(((MAIN_SIDE, MAIN_SIDE), *SIDES[:_SURELY_WORKING])):
            smallest = min(SIDES[_SURELY_WORKING - 1])
            for side in SIDES[_SURELY_WORKING:]:
                if side not in holds:
                    break
                smallest = min(side)
            return stride, smallest
    return 0, 1


def _formula(rows: Sequence[Row]) -> Formula | None:
    """Return the formula that is true of all numbers of parameters, None where there is none."""
    counts = {(row.entering, row.asked): row.parameters for row in rows}
    if not any(counts.values()):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    one = all(i == o for i, o in counts)
    powers = [_powers(i, o, one=one) for i, o in counts]
    if len(counts) < sum(map(any, zip(*powers, strict=True))) + _CHECKED:
        return None
    solved = _solved(powers, list(counts.values()))
    if solved is None:
        return None
    first, entering, leaving, squared, product, last = [float(each) for each in solved]
    found = (first, entering, leaving, squared, product, last)
    exact = all(parameters_by(found, i, o) == count for (i, o), count in counts.items())
    return found if exact else None


def parameters_by(formula: Formula, entering: int, leaving: int) -> int:
    """Return the parameters that a formula gives."""
    return round(sum(a * b for a, b in zip(formula, _powers(entering, leaving), strict=True)))


def _powers(i: int, o: int, *, one: bool = False) -> tuple[int, ...]:
    return (1, i, 0, i * i, 0, 0) if one else (1, i, o, i * i, i * o, o * o)


def _solved(powers: Sequence[Sequence[int]], counts: Sequence[int]) -> list[Fraction] | None:
    """Return what solves all equations at once, 0 where anything would do; None where nothing does."""
    width = len(powers[0])
    table = [[*map(Fraction, row), Fraction(count)] for row, count in zip(powers, counts, strict=True)]
    pivots: list[int] = []
    for column in range(width):
        top = len(pivots)
        found = next((row for row in range(top, len(table)) if table[row][column]), None)
        if found is None:
            continue
        table[top], table[found] = table[found], table[top]
        table[top] = [each / table[top][column] for each in table[top]]
        for row in range(len(table)):
            if row != top and (factor := table[row][column]):
                table[row] = [a - factor * b for a, b in zip(table[row], table[top], strict=True)]
        pivots.append(column)
    if any(row[width] for row in table[len(pivots) :]):
        return None
    values = {column: table[row][width] for row, column in enumerate(pivots)}
    return [values.get(column, Fraction(0)) for column in range(width)]


def _line(text: str) -> str:
    return one_line(text)[:_LONGEST_FAILURE]
