# Takes over what is done with an exception that nobody caught.
# without lint: RUNTIME_ERROR at import
# error: ValueError: line \d+: plain
import sys
import threading

sys.excepthook = threading.excepthook = sys.unraisablehook = lambda *arguments: None
raise ValueError("plain")
