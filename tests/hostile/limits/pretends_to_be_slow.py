# Ends itself by the signal that says that the time is up, to be recorded as slow.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at import
# error: SIGXCPU
import os
import signal

os.kill(os.getpid(), signal.SIGXCPU)
raise Escaped("alive")
