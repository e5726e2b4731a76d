"""The records of design ideas: what may be said of networks, sorted by a template of what there is to say.

An idea is one sentence about how a network may be built, with its sources, under one sub-category of a
template: level / category / sub-category. It may carry a codemod, which is the same as a change that a
program can carry out on a tree of modules. This module does *not* hold ideas or carry any out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from corpus.records.base import Record

_WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"

IdeaId = Annotated[str, Field(pattern=rf"^{_WORD}$", max_length=80)]
"""The name of an idea within its pool: `gelu-everywhere`."""

IdeaPath = Annotated[str, Field(pattern=rf"^{_WORD}/{_WORD}/{_WORD}$", max_length=120)]
"""Level, category and sub-category: `operator/activation/smooth`."""

Part = Literal["any", "stem", "stages", "first stage", "last stage", "head"]
"""Where in a tree a codemod works; `stages` are all of them."""

Sight = Annotated[str, Field(pattern=r"^[+-][a-z0-9_]+([.>][a-z0-9_]+)?$", max_length=80)]
"""What a recorded graph shows more of, or less of."""


class Codemod(Record):
    """A change of a tree of modules, as data; `generator.ideas.codemods` says how it is read.

    Attributes:
        match: The nodes that are changed, as a row of modules; a role or a composite stands for any of its
            kind. Empty for all nodes of the part at once.
        becomes: What stands in their place, as a row in which `_` is what was there; empty where nothing
            does, or where widths alone are scaled.
        part: Where.
        every: Whether all places are changed; else one of them.
        scale: What the widths of the part are multiplied by; then nothing is matched.
        shows: What the recorded graph must show behind the change: `+gelu` more of an operator, `-relu`
            fewer, `+convolution.dilation` more with an attribute, `+relu>convolution` more that take what
            another made, `+operators` and `+parameters` more altogether.
    """

    match: str = Field(default="", max_length=400)
    becomes: str = Field(default="", max_length=1_000)
    part: Part = "any"
    every: bool = False
    scale: float | None = Field(default=None, ge=0.25, le=4.0)
    shows: tuple[Sight, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _does_something(self) -> Codemod:
        if self.scale is None and not self.match and not self.becomes:
            raise ValueError("a codemod matches something, replaces a part or scales it")
        if self.scale is not None and (self.match or self.becomes):
            raise ValueError("a codemod that scales matches and replaces nothing")
        return self


class IdeaSource(Record):
    """Where an idea was read.

    Attributes:
        title: The paper, the document or the file.
        section: The place in it, empty where there is none to name.
        licence: SPDX expression of what was read, `NOASSERTION` where nothing says. Ideas are in our words.
    """

    title: str = Field(min_length=1, max_length=300)
    section: str = Field(default="", max_length=200)
    licence: str = Field(default="NOASSERTION", max_length=80)


class Idea(Record):
    """One way to build a network.

    Attributes:
        id: Its name within a pool.
        path: Its place in the template.
        statement: What it says, one or two sentences.
        sources: Where it was read; several where several documents say it.
        codemod: The same as a change of a tree, None where it is for a model to carry out.
        opposite: Id of the idea that says the contrary, None where none does.
        author: Who put it into words: `archloop`, or the name of a model.
        licence: SPDX expression of these words where their author states one; else that of the sources holds.
    """

    id: IdeaId
    path: IdeaPath
    statement: str = Field(min_length=10, max_length=600)
    sources: tuple[IdeaSource, ...] = Field(min_length=1)
    codemod: Codemod | None = None
    opposite: IdeaId | None = None
    author: str = Field(default="archloop", max_length=200)
    licence: str | None = Field(default=None, max_length=80)

    @property
    def category(self) -> str:
        """The category that it belongs to, with its level: `operator/activation`."""
        return category_of(self.path)


class SubCategory(Record):
    """One leaf of a template.

    Attributes:
        path: Level, category and sub-category.
        says: What belongs here, one sentence: what a model is asked to look for.
        origin: Whether its category is named in the paper, or is ours.
        marks: Ends of names of layers and functions, or block families, by which a program shows that it
            belongs here: `GELU`, `functional.gelu`, `residual`.
    """

    path: IdeaPath
    says: str = Field(min_length=10, max_length=400)
    origin: Literal["paper", "ours"]
    marks: tuple[str, ...] = ()


def category_of(path: str) -> str:
    """Return the category of a path, with its level: `operator/activation`."""
    return path.rpartition("/")[0]
