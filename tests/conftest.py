"""What holds for every test process."""

from __future__ import annotations

import signal

# A test run in the background of a script ignores Ctrl-C, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
