"""What may be wrong with an edit. This module does *not* find it out."""

from __future__ import annotations

from enum import StrEnum


class EditFailure(StrEnum):
    """Why an answer that should be an edit makes no program, or none that Python can read."""

    NO_EDIT = "NoEdit"
    """The answer holds no complete search/replace block and no hunk of a diff."""
    DOES_NOT_APPLY = "EditDoesNotApply"
    """What a hunk wants to replace does not stand in the program."""
    AMBIGUOUS = "AmbiguousEdit"
    """What a hunk wants to replace stands there more than once, or in lines that another hunk replaces, or is
    nothing at all."""
    NO_CHANGE = "EditChangesNothing"
    """The program stays what it was."""
    UNPARSABLE = "EditDoesNotParse"
    """The program that the edit makes is none that Python can parse."""

    @property
    def words(self) -> str:
        """The failure as a sentence for whoever reads the ledger, or is asked again."""
        return _WORDS[self]


_WORDS = {
    EditFailure.NO_EDIT: "the answer holds no complete edit",
    EditFailure.DOES_NOT_APPLY: "the lines that the edit replaces are not in the program",
    EditFailure.AMBIGUOUS: "the lines that the edit replaces are in the program more than once",
    EditFailure.NO_CHANGE: "the edit changes nothing",
    EditFailure.UNPARSABLE: "the edited program cannot be parsed",
}
