"""Reads a program of the LEMUR contract as a tree, where it is one: `read`.

Nothing of the program is run by Python. Its `Net` is built and called by an interpreter of a small part of
Python, on tensors of which only the shapes are known, within bounds on its steps; what flows is recorded, and
nested as a tree. A tree says what a network computes and how many weights it has, and not:

- how it is trained: optimizer, loss, `learn`, a softmax in front of the loss;
- initial values, and constants of normalisations (`eps`, `momentum`);
- modules that are built and never called;
- whether a dropout stays on outside of training.

A rate of dropout that the program takes from `prm` is 0.2, our choice. This module does *not* judge a
program: many good ones are no trees.
"""

from __future__ import annotations

import ast

from corpus.programs.contract import NETWORK
from corpus.programs.parsing import parse
from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical
from generator.trees.nodes import Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.objects import Interpreter
from generator.trees.reading.interpreter.values import Hyperparameters, Instance, Outside, Scope
from generator.trees.reading.parts import parted
from generator.trees.reading.recording.mined import Mined
from generator.trees.reading.recording.recorder import Recorder
from generator.trees.reading.recording.tensors import Classes, Tensor, Unknown
from generator.trees.rendering import ADAPTOR
from generator.trees.shapes import check
from generator.trees.specs import Library, Shape


def read(source: str, shape: TaskShape, library: Library) -> Tree:
    """Return the tree of a program for a task, in its canonical form.

    Args:
        source: Any text.
        shape: The task; a program may be another network for another one.
        library: The modules that the tree may be made of.

    Raises:
        NotATreeError: It is no tree; the error says why, and in which line.
    """
    try:
        tree = parse(source)
    except SyntaxError as error:
        raise NotATreeError("syntax", error.msg or "invalid syntax", error.lineno) from None
    adaptors = [number for number, line in enumerate(source.splitlines(), 1) if line.endswith(f"# {ADAPTOR}")]
    recorder = Recorder(library, shape.classes, Mined(library, tree), frozenset(adaptors))
    interpreter = Interpreter(recorder)
    try:
        return _read(tree, interpreter, shape, library)
    except NotATreeError as error:
        error.line = error.line or interpreter.line
        raise
    except RecursionError:
        raise NotATreeError("bounds", "nested too deeply", interpreter.line) from None


def _read(tree: ast.Module, interpreter: Interpreter, shape: TaskShape, library: Library) -> Tree:
    mined = interpreter.recorder.mined.names
    scope = Scope({"__name__": "program"})
    interpreter.run_module(tree.body, scope, {name: Outside(name) for name in mined})
    if NETWORK not in scope.names:
        raise NotATreeError("syntax", f"there is no class {NETWORK}")
    recorder, images = interpreter.recorder, Shape(shape.channels, shape.height, shape.width)
    given = [(1, *images), (Classes(shape.classes),), Hyperparameters(), Unknown("the device")]
    network = interpreter.call(scope.names[NETWORK], given, {}, tree)
    entering = recorder.images(images)
    scores = interpreter.inside(network, [entering], {}, tree) if isinstance(network, Instance) else None
    if not isinstance(network, Instance) or not isinstance(scores, Tensor):
        raise NotATreeError("python", f"{NETWORK} gives something else than one tensor")
    first, last = entering.value, recorder.settle(scores)
    interpreter.line = None  # what is wrong from here on lies in no line
    links = recorder.nesting.chain(last, first)
    weights = [id(weight) for link in links for weight in link.weights]
    if len(set(weights)) < len(weights):
        raise NotATreeError("shared", "weights are used in two places")
    found = canonical(parted(links, network, shape, library), shape, library)
    problems = check(found, shape, library)
    if problems:
        raise NotATreeError("tree", problems[0].text)
    return found
