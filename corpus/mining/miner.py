"""Mines modules: every `torch.nn.Module` subclass of some source code, as a record that stands on its own.

    miner = Miner()
    for module in miner.mine("timm"):
        ...
    miner.counts.duplicates

Source code is read as text, and nothing of it is ever imported or run. What cannot be read is counted, what
cannot be carried is kept with its flaw, and of classes that differ in names and layout alone the first is
kept. This module does *not* find out what a module does to shapes.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from corpus.mining.carrying import Carrier, Flaw
from corpus.mining.classes import Ancestor, Classes, arguments_of, inputs_of
from corpus.mining.files import SourceFile, Unreadable
from corpus.mining.origins import find_origin
from corpus.mining.permitted import may_be_imported
from corpus.mining.resolving import Resolver
from corpus.programs.contract import FACTORY, NETWORK
from corpus.programs.tokens import canonical_tokens
from corpus.records.base import content_id
from corpus.records.exchange import NO_LICENCE
from corpus.records.modules.mined import MinedModule, ModuleArgument

MAX_CLASSES = 500
"""Most classes of one file that are looked at. Our choice."""

MAX_FILE_CHARACTERS = 2_000_000
"""Characters of texts after which the further classes of one file are not carried. Our choice."""

_MAX_ARGUMENTS = 100
_LONGEST_NAME = 200
_LONGEST_WORD = 1_000
_LONGEST_FLAW = 500
_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)


@dataclass
class Counts:
    """What a miner went through.

    Attributes:
        files: Files that were read for classes.
        classes: Modules that were found in them, duplicates included.
        duplicates: Those that equal an earlier one but for names and layout.
        flawed: Those that were kept with a flaw.
        skipped: Files that could not be read, by reason.
    """

    files: int = 0
    classes: int = 0
    duplicates: int = 0
    flawed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class Miner:
    """Mines one place after the other; a class that was met before is not met again.

    Attributes:
        counts: What it went through so far.
    """

    def __init__(self) -> None:
        """Have met no class yet."""
        self.counts = Counts()
        self._resolver = Resolver()
        self.counts.skipped = self._resolver.skipped
        self._classes = Classes(self._resolver)
        self._carrier = Carrier(self._resolver)
        self._met: set[str] = set()
        self._left = MAX_FILE_CHARACTERS

    def mine(self, name: str) -> Iterator[MinedModule]:
        """Yield the modules of a file, a folder, or an installed package or a part of it, file by file.

        Args:
            name: A path, or a dotted name such as `torch.nn` or `timm`.

        Raises:
            UnknownSourceError: It is neither.
        """
        origin = find_origin(name)
        for path in origin.files():
            file = self._resolver.file(path, origin)
            if file is not None:
                yield from self._of_file(file, origin.name, origin.licence)
            if self._resolver.forget():
                self._carrier.forget()

    def mine_text(
        self, text: str, *, origin: str, location: str, licence: str = NO_LICENCE
    ) -> Iterator[MinedModule]:
        """Yield the modules of one text that stands for itself, such as a program of a ledger.

        The network of a program that keeps LEMUR's contract is no module, what it is made of is.

        Args:
            text: Python source.
            origin: What it comes from: `run main-job`.
            location: Which text of it: a program's id.
            licence: Its licence, where it states none itself.
        """
        try:
            file = SourceFile(text, location)
        except Unreadable as reason:
            self.counts.skipped[str(reason)] += 1
            return
        is_program = FACTORY in file.bound
        yield from self._of_file(file, origin, licence, without=NETWORK if is_program else None)
        self._carrier.forget()

    def _of_file(
        self, file: SourceFile, origin: str, licence: str, without: str | None = None
    ) -> Iterator[MinedModule]:
        self.counts.files += 1
        self._left = MAX_FILE_CHARACTERS
        for node in islice(file.classes(), MAX_CLASSES):
            if node.name == without:
                continue
            ancestry, is_module = self._classes.ancestry(file, node)
            if not is_module or len(node.name) > _LONGEST_NAME:
                continue
            self.counts.classes += 1
            found = self._module(file, node, ancestry, origin, file.licence or licence)
            if found.tokens_id in self._met:
                self.counts.duplicates += 1
                continue
            self._met.add(found.tokens_id)
            self.counts.flawed += found.flaw is not None
            yield found

    def _module(
        self, file: SourceFile, node: ast.ClassDef, ancestry: Sequence[Ancestor], origin: str, licence: str
    ) -> MinedModule:
        location = f"{file.location}:{node.name}"
        source = self._classes.importable_from(file, node.name)
        text, compared, flaw = self._text(file, node.name, source)
        arguments, inputs = _signature(ancestry)
        if inputs is None:
            flaw = flaw or "has no forward"
        elif arguments is None:
            flaw = flaw or "has more or longer arguments than any module needs"
        return MinedModule(
            id=content_id(f"{source or ''}:{node.name}\n{text or location}"),
            name=node.name,
            origin=origin,
            location=location,
            licence=licence,
            arguments=arguments or (),
            inputs=inputs or (0, 0),
            module=source,
            text=text,
            tokens_id=_tokens_id(compared, node.name) if compared else content_id(f"{origin} {location}"),
            flaw=flaw and flaw[:_LONGEST_FLAW],
        )

    def _text(self, file: SourceFile, name: str, source: str | None) -> tuple[str, str, str | None]:
        """Return the text of a class, the text that it is compared by, and its flaw."""
        text = compared = ""
        try:
            imports, alone = self._carrier.alone(file, name)
            text, compared = alone, f"{imports}\n\n\n{alone}" if alone else ""
            if source is None:
                text = compared
                if self._left <= 0:
                    raise Flaw(f"comes after {MAX_FILE_CHARACTERS:,} characters of modules of its file")
                text = compared = self._carrier.text(file, name)
                self._left -= len(text)
            elif not may_be_imported(source):
                raise Flaw(f"stands in {source}, which no program may import")
        except Flaw as flaw:
            return text, compared, str(flaw)
        except RecursionError:
            return text, compared, "nested too deeply"
        return text, compared, None


def _signature(
    ancestry: Sequence[Ancestor],
) -> tuple[tuple[ModuleArgument, ...] | None, tuple[int, int | None] | None]:
    """Return the arguments, None where they are beyond all bounds, and the arity, None without a forward."""
    try:
        arguments = arguments_of(ancestry)
    except RecursionError:
        return None, inputs_of(ancestry)
    words = [word for each in arguments for word in (each.name, each.annotation or "", each.default or "")]
    fits = len(arguments) <= _MAX_ARGUMENTS and all(len(word) <= _LONGEST_WORD for word in words)
    return arguments if fits else None, inputs_of(ancestry)


def _tokens_id(text: str, name: str) -> str:
    """Return the address of a text's canonical tokens, and of which of its classes is meant."""
    classes = [match[1] for match in _CLASS.finditer(text)]
    return content_id(" ".join((*canonical_tokens(text), str(classes.index(name)))))
