"""The command line as tests start it: the interpreter that runs them, and no installed script."""

from __future__ import annotations

import sys

ENTRY = [sys.executable, "-c", "from cycles.__main__ import main; main()"]
