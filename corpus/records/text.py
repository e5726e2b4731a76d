"""Text that others wrote (programs, servers, models, files), made fit to be shown.

Whoever names a file or writes a program may put signs into it that erase a screen, return to the start of a
line, turn its direction around, or begin a line that looks like one of ours. `visible` spells such signs out,
and `one_line` leaves one line of what is left. Marks of a markup language are *not* escaped here: whoever has
one (HTML, the terminal's) does.
"""

from __future__ import annotations

import re

# C0 and C1 controls but tab and newline, invisible signs, the controls of the bidirectional algorithm that
# let a line read otherwise than it runs ("Trojan Source", Boucher and Anderson 2021), halves of characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return `text`, of however many lines, with every sign that cannot be seen spelled out: `⟨U+202E⟩`."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def escaped(text: str) -> str:
    """Return TOML with every sign that cannot be seen in its own notation: it still says the same."""
    return _HIDDEN.sub(lambda found: f"\\U{ord(found[0]):08X}", text)


def one_line(text: object) -> str:
    """Return `str(text)` made visible, its lines joined by spaces."""
    lines = (line.replace("\t", " ").strip() for line in visible(str(text)).split("\n"))
    return " ".join(line for line in lines if line)


def indented(text: str) -> str:
    """Return `text` made visible, with all lines but the first indented, as none of ours is."""
    return visible(text).replace("\n", "\n  ")
