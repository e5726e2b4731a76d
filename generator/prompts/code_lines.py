"""What tells a line of Python from a line of prose, by regular expressions that take linear time.

This module does *not* parse: a line that looks like code may be none.
"""

from __future__ import annotations

import re

STATEMENT = re.compile(
    # A header that holds its own line breaks as a literal backslash and n is text about code, not code.
    r"^(?!.*\\n)(?:import\s++[\w., ]++(?:#.*)?$|from\s++[\w.]++\s++import\s++[\w.,*( )]++(?:#.*)?$"
    r"|class\s++\w++\s*+[(:].*$|(?:async\s++)?def\s++\w++\s*+\()",
    re.MULTILINE,
)
NET = re.compile(r"^class\s++Net\s*+(?:\([^)\n]*+\)?+)?+[ \t]*+:?+[ \t]*+(?:#.*)?$", re.MULTILINE)
FIRST_LINE = re.compile(STATEMENT.pattern + r'|^@\w[\w.]*+(?:\(.*\))?$|^"""', re.MULTILINE)
TOP_LEVEL_CODE = re.compile(
    r"^(?:import\b|from\s++[\w.]++\s++import\b|class\s|def\s|async\s++def\s|@|if\s.*:|else\s*+:|elif\s.*:"
    r"|for\s.*:|while\s.*:|try\s*+:|except\b|finally\s*+:|with\s.*:|return\b|raise\b|pass$|assert\b|del\s|#"
    r"|\"\"\"|'''|[)\]}]"
    r"|[A-Za-z_][\w.\[\]'\"]*+\s*+(?::\s*+[\w.\[\], |]++)?+\s*+(?:[-+*/%@&|^]|//|\*\*)?=|[A-Za-z_][\w.]*+\()"
)
_NAMES = r"[\w.]++(?:[ \t]++as[ \t]++\w++)?+"
SURE_START = re.compile(
    # Stricter than `STATEMENT`: prose, too, begins with "from", "import" and "class".
    rf"""^[ \t]*+(?:(?:import|from[ \t]++[\w.]++[ \t]++import)[ \t]++
             (?:\*|\((?:[^\n()]*+\)?)|{_NAMES}(?:[ \t]*+,[ \t]*+{_NAMES})*+,?+)[ \t]*+(?:[\#;\\].*)?$
      | class[ \t]++\w++[ \t]*+(?:\(.*\)[ \t]*+)?:[ \t]*+(?:\#.*)?$
      | class[ \t]++\w++\([^)\n]*+$
      | (?:async[ \t]++)?def[ \t]++\w++[ \t]*+\(
      | @\w[\w.]*+(?:\(.*)?$
      | [rR]?(?:\"\"\"|''')
      | (?:[A-Z][A-Z0-9_]*+|__\w++)[ \t]*+=[^=])""",
    re.MULTILINE | re.VERBOSE,
)
_PROSE = re.compile(
    r"""(?:[A-Z][\w'\u2019-]*+,?[ ]|[-*\u2022][ ]|\d++[.)][ ]|\*\*|\#\#)\S.*[ ]\S   # a sentence or an item
      | [^()\[\]{}=]*[^()\[\]{}=:\s][.!?]$                                      # the end of a sentence
      | (?:[^()\[\]{}=:\s]++[ ]++){2,}+[^()\[\]{}=:\s]++:$                      # a caption
      | [A-Z][\w'\u2019 ]*+:$
      | (?:import|from|class|def)\b.*[ ](?:and|are|here|is|it|of|the|then|this|to|with)\b
      | (?!(?:if|elif|for|while|with|assert|return|raise|del|print)\b|[\#@"'])  # five words in a row
        [^=]*?\b(?:[A-Za-z][\w'\u2019-]*+,?[ ]){4}[A-Za-z]""",
    re.VERBOSE,
)
_LONGEST_LINE = 400
"""Characters of a line that decide whether it is prose."""


def is_prose(line: str) -> bool:
    """Whether `line`, its indentation removed, reads like a sentence, a caption or an item of a list."""
    line = line[:_LONGEST_LINE]
    return not SURE_START.match(line) and _PROSE.match(line) is not None


def ends_in_code(text: str) -> bool:
    """Whether the last line of `text` is indented or looks like code at top level."""
    last = text.rstrip().rpartition("\n")[2]
    return last.startswith((" ", "\t")) or TOP_LEVEL_CODE.match(last) is not None
