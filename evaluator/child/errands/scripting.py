"""The errand of a script: run any Python over the training split, and let it print.

The script is the module `__main__`, with three names already in it: `train_images`, a NumPy array uint8
`(N, C, H, W)` of the images before they are normalised, or float32 `(N, C, L)` of signals and `(N, C, H, W)`
of fields; and `train_labels`, int64 `(N,)`, or where a task asks for more than a class its targets as
`TrainingSet` has them; and `hyperparameters`, the protocol's values that every program is handed. They are
this process's own copies: what a script writes into them no other child sees. It is not linted: what contains
it is the jail.

This module does *not* cut what is printed; the supervisor does.
"""

from __future__ import annotations

import io
import linecache
import sys
import traceback
from types import ModuleType

from evaluator.channel.messages import MAX_ERROR_CHARACTERS, ScriptEnded
from evaluator.channel.plan import Plan
from evaluator.child.diagnosis import diagnose, plain
from evaluator.child.errands.claims import claim
from evaluator.child.train_data import TrainingSet

_SCRIPT_FILE = "<script>"
_FRAMES = 4


def execute(code: str, plan: Plan, data: TrainingSet) -> None:
    """Run the script `code`; one that leaves by `sys.exit()` has finished.

    Threads that it leaves behind end with it.
    """
    _print_at_once()
    module = ModuleType("__main__")
    module.__file__ = _SCRIPT_FILE
    module.__dict__.update(
        train_images=data.inputs.numpy(),
        train_labels=data.targets.numpy(),
        hyperparameters=plan.config.prm(()),
    )
    sys.modules["__main__"] = module
    sys.argv = [_SCRIPT_FILE]
    linecache.cache[_SCRIPT_FILE] = (len(code), None, code.splitlines(keepends=True), _SCRIPT_FILE)
    try:
        exec(compile(code, _SCRIPT_FILE, "exec", dont_inherit=True), module.__dict__)
    except BaseException as error:  # noqa: BLE001 - the script's boundary: whatever it raises is data
        if type(error) is not SystemExit or error.code not in (None, 0):
            claim(diagnose(error).model_copy(update={"error": _last_lines(error)}))
            return
    claim(ScriptEnded())


def _print_at_once() -> None:
    """Write standard output and error through one stream without a buffer, so that order and end are kept."""
    raw = io.FileIO(1, "w", closefd=False)
    # A raw file where a buffered one is expected: what Python itself makes of standard output under -u.
    stream = io.TextIOWrapper(raw, "utf-8", errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = stream  # type: ignore[misc]


def _last_lines(error: BaseException) -> str:
    """Return the end of the traceback as Python prints it, without the frame of this module."""
    try:
        inner = error.__traceback__ and error.__traceback__.tb_next
        text = "".join(traceback.format_exception(type(error), error, inner, limit=-_FRAMES)).strip()
    except BaseException:  # noqa: BLE001 - the class is the script's: any exception may come out of it
        text = "an exception without a readable message"
    return plain(text[-MAX_ERROR_CHARACTERS:], MAX_ERROR_CHARACTERS)
