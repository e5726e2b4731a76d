"""A model's plan of a slotted network: its document read within bounds, and held against its scaffold.

Slots beyond the most stay as the seed has them, since a scaffold with a hole is no network; one that the
scaffold does not build is left out; alternatives beyond the most are cut off. What the words mean is not
asked. This module does *not* ask a model, and implements no alternative.
"""

from __future__ import annotations

import ast
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from corpus.programs.parsing import parse
from generator.slots.contract import MAX_SLOTS, PREFIX, Alternative, Axes, Name, Slot

MAX_WORDS = 600
"""Of a description this much is kept; our choice."""

_FIRST_WORDS = 60
_NOTHING = ("identity", "zero", "zeros", "none")


class NotSlotted(ValueError):
    """A document that is no plan; the message says why, in words for the model."""


class PlannedSlot(NamedTuple):
    """A slot, and what may fill it, in words.

    Attributes:
        slot: Its name and shapes, with the identity alone where that is the seed's, else with nothing yet.
        seed: What the seed has there.
        alternatives: What else may.
        searched: Whether anything else may; beyond the most slots it is as the seed has it.
    """

    slot: Slot
    seed: str
    alternatives: tuple[str, ...]
    searched: bool = True

    @property
    def begins_with_identity(self) -> bool:
        """Whether the seed has nothing there."""
        return self.slot.entering == self.slot.leaving and self.seed.strip().lower().startswith("identity")


class Planned(NamedTuple):
    """A plan.

    Attributes:
        scaffold: Python with the class `Architecture` that builds and calls the slots' classes.
        slots: Its slots.
    """

    scaffold: str
    slots: tuple[PlannedSlot, ...]


class _SlotDocument(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Name
    input_shape: Axes
    output_shape: Axes
    interface: Literal["single", "dual"] = "single"
    residual_shape: Axes | None = None
    description: str = ""
    seed_description: str
    alternatives: Annotated[list[str], Field(max_length=100)]

    @field_validator("residual_shape", mode="before")
    @classmethod
    def _nothing_is_none(cls, said: Any) -> Any:
        return said or None


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore")

    scaffold_code: Annotated[str, Field(min_length=1, max_length=30_000)]
    slots: Annotated[list[_SlotDocument], Field(min_length=1, max_length=100)]


def schema(most_slots: int, most_alternatives: int) -> dict[str, JsonValue]:
    """Return the form of a plan as a JSON schema; bounds that only a reader holds are not in it."""
    text: JsonValue = {"type": "string", "maxLength": MAX_WORDS}
    axes: JsonValue = {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 4}
    slot: JsonValue = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": 40},
            "input_shape": axes,
            "output_shape": axes,
            "interface": {"type": "string", "enum": ["single", "dual"]},
            "residual_shape": axes,
            "description": text,
            "seed_description": text,
            "alternatives": {"type": "array", "items": text, "maxItems": 2 * most_alternatives},
        },
        "required": ["name", "input_shape", "output_shape", "seed_description", "alternatives"],
    }
    return {
        "type": "object",
        "properties": {
            "scaffold_code": {"type": "string"},
            "slots": {"type": "array", "items": slot, "minItems": 1, "maxItems": 2 * most_slots},
        },
        "required": ["scaffold_code", "slots"],
    }


def planned(document: JsonValue, most_slots: int, most_alternatives: int) -> Planned:
    """Return the plan in a document.

    Args:
        document: Whatever a model answered.
        most_slots: Slots that keep alternatives, in the order in which they are declared.
        most_alternatives: Alternatives of a slot, the seed's among them.

    Raises:
        NotSlotted: It is no plan, or its scaffold and its slots do not go together.
    """
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise NotSlotted(f"{where}: {first['msg']}"[:MAX_WORDS]) from None
    built = _built(read.scaffold_code)
    slots, names = list[PlannedSlot](), set[str]()
    for each in read.slots[:MAX_SLOTS]:
        name = each.name.removeprefix(PREFIX)
        if name in names:
            raise NotSlotted(f"two slots are called {name}")
        names.add(name)
        if f"{PREFIX}{name}" in built:
            slots.append(_slot(each, name, most_alternatives)._replace(searched=len(slots) < most_slots))
    missing = sorted(built - {each.slot.class_name for each in slots})
    if missing:
        raise NotSlotted(f"scaffold_code builds {missing[0]}(), and there is no such slot among the slots")
    if not slots:
        raise NotSlotted(f"scaffold_code builds none of the slots: call {PREFIX}name() in __init__")
    return Planned(read.scaffold_code, tuple(slots))


def _slot(document: _SlotDocument, name: str, most: int) -> PlannedSlot:
    residual = document.residual_shape if document.interface == "dual" else None
    if document.interface == "dual" and residual is None:
        raise NotSlotted(f"slot {name} is dual: it needs a residual_shape")
    try:
        slot = Slot(
            name=name,
            entering=document.input_shape,
            leaving=document.output_shape,
            residual=residual,
            alternatives=(Alternative(name="seed", origin="seed", text="pass"),),
        )
    except ValidationError:
        raise NotSlotted(f"'{name[:40]}' is no name of a slot") from None
    words = [each.strip()[:MAX_WORDS] for each in document.alternatives]
    seed = document.seed_description.strip()[:MAX_WORDS]
    others = [each for each in dict.fromkeys(words) if each and each != seed and not is_nothing(each)]
    return PlannedSlot(slot, seed, tuple(others[: most - 1]))


def is_nothing(words: str) -> bool:
    """Return whether a description means the identity or zeros, which need nobody to write them."""
    first = words.lower().replace("(", " ").replace("-", " ").split()
    return bool(first) and first[0].strip(",.:;") in _NOTHING


def short(words: str, taken: set[str]) -> str:
    """Return a name for an alternative: the beginning of its description, and unlike those that are taken."""
    first = " ".join(words.split())[:_FIRST_WORDS].strip() or "alternative"
    name, number = first, 2
    while name in taken:
        name = f"{first[: _FIRST_WORDS - 4]} {number}"
        number += 1
    return name


def _built(scaffold: str) -> set[str]:
    """Return the slots' classes that a scaffold builds, if it keeps the rules for scaffolds."""
    try:
        tree = parse(scaffold)
    except SyntaxError as error:
        raise NotSlotted(f"scaffold_code, line {error.lineno}: {error.msg}") from None
    built: set[str] = set()
    attributes: dict[str, str] = {}
    loaded: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) if name.startswith(PREFIX):
                raise NotSlotted(f"scaffold_code must not define {name}: its class is put in later")
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name.startswith(PREFIX):
                if args or keywords:
                    raise NotSlotted(f"{name}() takes no arguments")
                built.add(name)
            case ast.Attribute(attr=attribute, ctx=ast.Load()):
                loaded.add(attribute)
            case _:
                pass
        if isinstance(node, ast.Assign):
            attributes |= dict(_assigned(node))
    for attribute, name in attributes.items():
        if attribute not in loaded:
            raise NotSlotted(f"self.{attribute} = {name}() is built and never called: call it in forward")
    return built


def _assigned(node: ast.Assign) -> list[tuple[str, str]]:
    """Return the attributes that are set to slots, with the slots' classes."""
    match node:
        case ast.Assign(targets=[ast.Attribute(attr=attribute)], value=ast.Call(func=ast.Name(id=name))):
            return [(attribute, name)] if name.startswith(PREFIX) else []
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            pairs = zip(targets, values, strict=False)
            return [found for pair in pairs for found in _assigned(ast.Assign([pair[0]], pair[1]))]
    return []
