# Ignores every signal that can be ignored, the one that says that time is up included.
# with lint: FORBIDDEN at lint
# without lint: TIMEOUT at import
import signal

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        continue
while True:
    pass
