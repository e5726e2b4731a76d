"""Prompts that ask for a change of a program, and the program that an answer to them means.

Three forms, each under both templates. An *edit* varies a program, a *repair* mends one that failed: the
program stands last in the chat, after a line of its own (`PROGRAM_FOLLOWS`). A *continuation* does either by
writing the rest of it anew: the chat ends with the beginning of the answer, up to where the program is cut.
So prompt and answer say all that is needed: `read_answer` is a function of the two. The form is part of the
name of the prompt's template (`compact-edit`), which is a row of the ledger.

This module does *not* choose what is edited, or ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from corpus.records.chats import prefill
from corpus.records.prompts import Message, Prompt
from generator.edits.applying import apply_answer
from generator.edits.failures import EditFailure
from generator.edits.faults import Fault
from generator.edits.writing import Marks, write_edit
from generator.prompts.code_lines import NET
from generator.prompts.extraction import extract_program
from generator.prompts.kinds import ANSWER_FORM
from generator.prompts.templates import ProgramRequest, TemplateName, render

Form = Literal["edit", "repair", "continuation"]
"""What an answer is to be: a change of a program that works, or of one that failed; or the rest of one."""

PROGRAM_FOLLOWS = "Module:"
"""The line after which the program to change stands, to the end of the chat."""

OPERATORS: dict[str, str] = {
    "swap": "Replace one kind of part by another: a block, an activation, a normalisation or a pooling.",
    "insert": "Insert a part: a layer, a block, a pooling or a dropout.",
    "delete": "Delete a part: a layer, a block, a pooling or a dropout.",
    "widen": "Widen one part of the network.",
    "narrow": "Narrow one part of the network.",
    "hyperparameter": "Change one setting: a kernel, a stride, a rate, the optimizer or the loss.",
}
"""The kinds of edits that a prompt may ask for, as the grammar has them (`generator.grammar.edits`)."""

_FENCE = "```"
_OPENED = f"{_FENCE}python\n"

_SYSTEM = "You improve neural networks. You answer with an edit of the module that you are given."

_FORM = """\
- Answer with one or more search/replace blocks and nothing else. A block repeats whole lines of the module,
  character by character, and says what stands there instead. The lines that it repeats must stand in the
  module exactly once; repeat lines around them where they do not. For example:
<<<<<<< SEARCH
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.fc = nn.Linear(16, out_shape[0])
=======
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.fc = nn.Linear(24, out_shape[0])
>>>>>>> REPLACE"""

_TASK = {
    "edit": "The module below keeps the contract{score}. Change it so that it becomes better. Keep the edit "
    "short and the rest of the module as it is, and see to it that all sizes fit together again.",
    "repair": "The module below fails:\n{fault}\nMend it with as short an edit as you can, and leave "
    "the rest of it as it is.",
}


class Written(NamedTuple):
    """What an answer means.

    Attributes:
        program: The program, None where there is none.
        failure: What is wrong with it as an edit; None where nothing is, or none was asked for.
    """

    program: str | None
    failure: EditFailure | None


def edit_request(
    template: TemplateName,
    request: ProgramRequest,
    program: str,
    *,
    operator: str | None = None,
    score: str | None = None,
) -> tuple[Message, ...]:
    """Return the chat that asks for a change of `program`.

    Args:
        template: How the run renders a request.
        request: What the run asks for.
        program: The program to change.
        operator: The kind of change, one of `OPERATORS`; None leaves it open.
        score: How good the program is, in words; `compact` says nothing of it.
    """
    if template == "compact":
        return _compact(request, f"edit {operator}" if operator else "edit", program)
    wish = _TASK["edit"].format(score=f" and reaches {score}" if score else "")
    return _instruct(request, f"{wish} {OPERATORS[operator]}" if operator else wish, program)


def repair_request(
    template: TemplateName, request: ProgramRequest, program: str, fault: Fault
) -> tuple[Message, ...]:
    """Return the chat that asks to mend `program`, which failed with `fault`."""
    line = None if request.carried_to else fault.line_of(program)  # else it is a line of what was judged
    if template == "compact":
        at = f" at {line}" if line else ""
        return _compact(request, f"mend {_in_one_line(fault.short)}{at}", program)
    words = _in_one_line(fault.words) + (f"\nThat line reads: {line}" if line else "")
    return _instruct(request, _TASK["repair"].format(fault=words), program)


def continuation_request(
    template: TemplateName, request: ProgramRequest, beginning: str | None
) -> tuple[Message, ...]:
    """Return the chat that asks for a program which begins so, with its answer begun.

    Args:
        template: How the run renders a request.
        request: What the run asks for.
        beginning: Whole lines, without the last line's break: tokenizers join it with what follows. None asks
            for all of it.
    """
    if beginning is None:
        return render(template, request)
    opened = beginning if template == "compact" else f"{_OPENED}{beginning}"
    return (*render(template, request), Message(role="assistant", content=opened))


def template_of(template: TemplateName, form: Form) -> str:
    """Return what the ledger calls the template of a prompt of this form."""
    return f"{template}-{form}"


def form_of(prompt: Prompt) -> Form | None:
    """Return which form a prompt asks for, None where it asks for a whole program."""
    last = prompt.template.rpartition("-")[2]
    return next((form for form in get_args(Form) if form == last), None)


def keeps_most(prompt: Prompt) -> bool:
    """Return whether an answer changes a program, of which most is meant to stay."""
    return form_of(prompt) in ("edit", "repair")


def program_in(messages: Sequence[Message]) -> str | None:
    """Return the program that a chat asks to change, None where it asks for none."""
    before, mark, program = (
        messages[-1].content.partition(f"\n{PROGRAM_FOLLOWS}\n") if messages else ("",) * 3
    )
    return program.removesuffix("\n") + "\n" if mark and before else None


def read_answer(prompt: Prompt, answer: str) -> Written:
    """Return the program that `answer` means as the answer to `prompt`.

    An edit is carried out on the program in the prompt. A repair may be a whole program as well: one with a
    class `Net` counts where the answer holds no edit. The rest of a program is joined with its beginning; who
    begins anew is taken at that word. Every other prompt is answered by a whole program.
    """
    begun = prefill(prompt.messages)
    if begun and form_of(prompt) == "continuation" and not NET.search(answer):
        return Written(_joined(begun, answer), None)
    form, program = form_of(prompt), program_in(prompt.messages)
    if form is None or program is None:
        return Written(extract_program(answer), None)
    made = apply_answer(program, answer)
    if form == "repair" and made.failure is EditFailure.NO_EDIT:
        whole = extract_program(answer)
        if whole is not None and NET.search(whole):
            return Written(whole, None)
    return Written(*made)


def taught_answer(messages: Sequence[Message], source: str, *, short: bool) -> str | None:
    """Return the edit that makes `source` of the program in a chat.

    Args:
        messages: The chat.
        source: The program that came of it.
        short: Whether it is for the template `compact`, whose marks are short.

    Returns:
        None where the chat holds no program, or no edit leads from it to `source`.
    """
    marks: Marks = "short" if short else "long"
    program = program_in(messages)
    return None if program is None else write_edit(program, source, marks)


def _compact(request: ProgramRequest, wish: str, program: str) -> tuple[Message, ...]:
    (plain,) = render("compact", request)
    return (_with_program("user", f"{plain.content}, {wish}", program),)


def _instruct(request: ProgramRequest, wish: str, program: str) -> tuple[Message, ...]:
    _, asked = render("instruct", request)
    text = asked.content.replace(ANSWER_FORM, _FORM)
    return (Message(role="system", content=_SYSTEM), _with_program("user", f"{text}\n\n{wish}", program))


def _with_program(role: Literal["user"], text: str, program: str) -> Message:
    program = program.strip("\n")
    return Message(role=role, content=f"{text}\n{PROGRAM_FOLLOWS}\n{program}\n")


def _joined(begun: str, answer: str) -> str | None:
    """Return what an answer makes of its beginning, up to the fence that closes it; None where it is empty.

    Nothing is looked for in it: half a program is that program, broken.
    """
    rest = answer.partition(f"\n{_FENCE}")[0].rstrip()
    return f"{begun.removeprefix(_OPENED)}{rest}\n" if rest else None


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
