# Calls itself without end and without the interpreter's limit, until the stack is full.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at import
# error: SIGSEGV
import sys

sys.setrecursionlimit(10**9)


def deeper(_):
    return list(map(deeper, [0]))


deeper(0)
