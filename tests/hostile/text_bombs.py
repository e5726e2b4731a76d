"""Programs whose very text is the attack: too long, too deep or too odd for a parser, and for a file here.

This module does *not* run anything.
"""

from __future__ import annotations

from tests.evaluator_programs import program
from tests.hostile.suite import Expectation, HostileProgram

_SYNTAX, _REFUSED = "SYNTAX_ERROR at lint", "SYNTAX_ERROR|CONTRACT_ERROR at lint"
_RUNS = "COMPLETE at done"
_HONEST = program()


def text_bombs() -> list[HostileProgram]:
    """Return all of them; the parser reads them with lint as without, so nearly all expect the same."""
    return [_bomb(name, *fields) for name, fields in _BOMBS.items()]


def _bomb(name: str, text: str, jailed: str, linted: str | None = None) -> HostileProgram:
    expectations = Expectation.parse(linted or jailed), Expectation.parse(jailed)
    return HostileProgram(f"text/{name}", text, (), *expectations, (), whole=True)


def _nested_blocks(opening: str, depth: int) -> str:
    return "".join(f"{' ' * level}{opening}\n" for level in range(depth)) + " " * depth + "pass\n"


_BOMBS: dict[str, tuple[str, str] | tuple[str, str, str]] = {
    "ten_megabytes": ("#" * 10_000_000, "CONTRACT_ERROR at lint"),
    "ten_megabytes_of_code": ("x = 1\n" * 1_700_000, "CONTRACT_ERROR at lint"),
    "ten_megabytes_of_one_line": ("x = " + "1+" * 5_000_000 + "1", "CONTRACT_ERROR at lint"),
    "empty": ("", "CONTRACT_ERROR at lint"),
    "brackets": ("(" * 99_000, _SYNTAX),
    "balanced_brackets": ("x = " + "(" * 40_000 + ")" * 40_000, _SYNTAX),
    "brackets_to_the_limit": ("x = " + "[" * 199 + "]" * 199, _REFUSED),
    "dictionaries": ("x = " + "{0:" * 150, _SYNTAX),
    "calls": ("x = " + "f(" * 190 + ")" * 190, _REFUSED),
    "call_chain": ("x = f" + "()" * 40_000, _REFUSED),
    "attribute_chain": ("x = a" + ".b" * 45_000, _REFUSED),
    "attribute_chain_below_the_limit": (_HONEST + "\n\ndef f(a):\n    return a" + ".b" * 900 + "\n", _RUNS),
    "signs": ("x = " + "-" * 90_000 + "1", _REFUSED),
    "nots": ("x = " + "not " * 20_000 + "1", _REFUSED),
    "sum": ("x = 1" + "+1" * 45_000, _REFUSED),
    "comparisons": ("x = 1" + "<1" * 45_000, _REFUSED),
    "powers": ("x = 2" + "**9" * 30_000, _REFUSED),
    "constant_powers": (_HONEST + "\n\ndef f():\n    return 9**9**9**9**9\n", _RUNS),
    "constant_products": (_HONEST + "\n\ndef f():\n    return 'x' * 10**9 * 10**9, (0,) * 10**9\n", _RUNS),
    "lambdas": ("x = " + "lambda: " * 12_000 + "1", _REFUSED),
    "conditions": ("x = " + "1 if 1 else " * 8_000 + "1", _REFUSED),
    "elifs": ("if 0: pass\n" + "elif 0: pass\n" * 7_500, _REFUSED),
    "blocks": (_nested_blocks("if 1:", 400), _SYNTAX),
    "loops": (_nested_blocks("for i in x:", 90), _SYNTAX),
    "functions": (_nested_blocks("def f():", 99), _REFUSED),
    "classes": (_nested_blocks("class A:", 99), _REFUSED),
    "with_brackets": ("with (" * 190 + "a" + ")" * 190 + ": pass", _REFUSED),
    "comprehensions": ("x = " + "[" * 60 + "1" + " for i in x]" * 60, _REFUSED),
    "patterns": ("match x:\n case " + "[" * 190 + "]" * 190 + ": pass", _REFUSED),
    "unpackings": ("x = [" + "*a, " * 24_000 + "]", _REFUSED),
    "unpacked_targets": ("*a, " * 20_000 + "= x", _SYNTAX),
    "decorators": ("@a\n" * 33_000 + "def f(): pass", _REFUSED),
    "arguments": ("def f(" + ",".join(f"a{number}" for number in range(14_000)) + "): pass", _REFUSED),
    "globals": ("global " + ",".join(f"a{number}" for number in range(14_000)), _REFUSED),
    "long_name": ("x" * 99_000 + " = 1", _REFUSED),
    "long_integer": ("x = " + "9" * 90_000, _SYNTAX),
    "long_hexadecimal_integer": ("x = 0x" + "f" * 90_000, _REFUSED),
    "long_float": ("x = 1e" + "9" * 90_000, _REFUSED),
    "strings": ("x = " + "'a' " * 24_000, _REFUSED),
    "format_fields": ("x = f'" + "{a}" * 10_000 + "'", _REFUSED),
    "nested_format_fields": ("x = f'" + "{a:" * 300 + "}" * 300 + "'", _SYNTAX),
    "nested_format_strings": ("x = f'''{f\"\"\"{f'{f\"{1}\"}'}\"\"\"}'''", "CONTRACT_ERROR at lint"),
    "unfinished_string": ("x = '''" + "\n" * 90_000, _SYNTAX),
    "continuations": ("x = 1" + "\\\n" * 45_000 + "+ 1", _REFUSED),
    "deep_indentation": ("if 1:\n" + " " * 90_000 + "pass", _REFUSED),
    "tabs_and_spaces": ("if 1:\n\tpass\n        pass", _SYNTAX),
    "null_byte": (_HONEST + "\0", _SYNTAX),
    "byte_order_mark": ("\ufeff" + _HONEST, "SYNTAX_ERROR|COMPLETE"),
    "lone_surrogate": (_HONEST + "# \ud800\n", _SYNTAX),
    "lone_surrogates": ("\udcff" * 1000, _SYNTAX),
    "noncharacters": ("\uffff\U0010ffff = 1", _SYNTAX),
    "right_to_left": (_HONEST + "# \u202e dnuora yaw rehto eht\n", _RUNS),
    "cookie_utf_7": ("# -*- coding: utf-7 -*-\n" + _HONEST + "# +AAo-raise ValueError\n", _RUNS),
    "cookie_utf_16": ("# coding: utf-16\n" + _HONEST, _RUNS),
    "cookie_unknown": ("# coding: no-such-encoding\n" + _HONEST, _RUNS),
    "carriage_returns": (_HONEST.replace("\n", "\r"), _RUNS),
    "form_feeds": (_HONEST.replace("\nclass", "\n\f\nclass"), _RUNS),
    "warnings": (_HONEST + "\n" + "assert (1, 'x')\n" * 5_000, "OUTPUT_LIMIT|COMPLETE"),
    "escapes": (_HONEST + "\nx = '" + "\\d" * 20_000 + "'\n", _RUNS),
    "many_lines": (_HONEST + "\n" * 90_000, _RUNS),
    "many_statements": (_HONEST + "\n" + "x = 1\n" * 15_000, _RUNS),
    "many_forbidden_uses": (_HONEST + "\n\ndef f():\n" + "    open(x)\n" * 8_000, _RUNS, "FORBIDDEN at lint"),
    "null_in_a_name": ("def f\\0(): pass", _SYNTAX),
    "only_spaces": (" " * 99_000, "CONTRACT_ERROR|SYNTAX_ERROR at lint"),
}
"""For each: the text, what must become of it without lint, and, where that differs, with lint. Where the
parser's own limits decide, either status is right."""
