"""The process's first and last word: `archloop`, or `python -m cycles`.

This module does *not* know a command; it only sees that Ctrl-C is quiet while the commands are still loading.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from cycles.cli.app import main as commands
    except KeyboardInterrupt:
        sys.exit(130)
    commands()


if __name__ == "__main__":
    main()
