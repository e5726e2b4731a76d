"""How a command ends: whatever leaves it becomes one line on standard error and an exit code, in one place.

    0    done
    2    the user's mistake, or what the operating system refuses
    3    `doctor` found a fault
    4    the budget of a run is used up
    5    a model server is gone or refuses
    130  interrupted
    141  whoever read the output went away, as `| head` does
    1    broken machinery, with its traceback

Whatever the code, all that was finished is kept. This module does *not* undo anything: whoever makes a thing
removes it again where making it fails.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from corpus.records.mistakes import Mistake, command_line
from corpus.records.text import indented
from cycles.errors import BUDGET_SPENT, BudgetSpent
from cycles.refusals import refusal
from cycles.run.background import left_at_work

MISTAKE, UPSTREAM, INTERRUPTED, NO_READER = 2, 5, 130, 141


class Commands(TyperGroup):
    """The commands, whose endings are ours: typer has its own for Ctrl-C and for a reader that went away."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line, which may print help."""
        with _past_typer():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _past_typer():
            return super().invoke(ctx)


class _Passed(BaseException):
    """Carries an error past typer, which would end the process over it."""


@contextmanager
def _past_typer() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, BrokenPipeError) as error:
        raise _Passed(error) from None


def degrade_output() -> None:
    """Let standard output replace what its encoding cannot write, instead of raising."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


@contextmanager
def endings() -> Iterator[None]:
    """End the process as the module says, whatever the block raises."""
    try:
        try:
            yield
        except _Passed as passed:
            raise passed.args[0] from None
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # at the interpreter's own end nobody would hear of a refusal
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # rich ends the process by itself
            _end(NO_READER)
        raise
    except KeyboardInterrupt as stop:
        _end(INTERRUPTED, "Interrupted" + (f"; {stop.args[0]}" if stop.args else "."))
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        _end(NO_READER)
    except _upstream() as error:  # before the mistakes: a refused request is both
        _end(UPSTREAM, _with_notes(str(error), error))
    except BudgetSpent as error:
        _end(BUDGET_SPENT, _with_notes(f"{error}.", error))
    except Mistake as error:
        _end(MISTAKE, str(error))
    except Exception as error:
        line = refusal(error)
        if line is None:
            raise
        _end(MISTAKE, _with_notes(line, error))


@contextmanager
def keeping(what: str) -> Iterator[None]:
    """Have Ctrl-C within the block say `what` is kept: `Interrupted; WHAT`."""
    from cycles.run.interruption import Interrupted

    try:
        yield
    except (KeyboardInterrupt, Interrupted):
        raise KeyboardInterrupt(what) from None


@contextmanager
def working_on(run: Path) -> Iterator[None]:
    """Have whatever stops the work on a run say how it goes on."""
    hint = f"everything finished is kept. Go on with: {command_line('archloop', 'resume', run)}"
    try:
        with keeping(hint):
            yield
    except BudgetSpent as error:
        resume = command_line("archloop", "resume", run)
        error.add_note(f"Everything judged is kept. Go on with more: {resume} --set budget.{error.key}=VALUE")
        raise
    except Exception as error:
        error.add_note(hint[:1].upper() + hint[1:])
        raise


def _upstream() -> type[Exception]:
    """Return the error of a model server that is gone or refuses; looked up once one was raised."""
    from generator.samplers.contract import UpstreamError

    return UpstreamError


def _with_notes(line: str, error: Exception) -> str:
    return " ".join([line, *getattr(error, "__notes__", ())])


def _end(code: int, message: str | None = None) -> NoReturn:
    if message is not None:
        with suppress(OSError):
            typer.echo(f"archloop: {indented(message)}", err=True)
    with suppress(OSError):
        if sys.stdout is not None:
            sys.stdout.flush()
        if left_at_work():  # the interpreter's own end would abort over a thread within a library's call
            os._exit(code)
        sys.exit(code)
    # What cannot be written stays in the buffer, and Python would fail over it once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def _reader_is_gone() -> bool:
    """Return whether nobody reads standard output or standard error any more."""
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
