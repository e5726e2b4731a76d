# Poisons the resident inputs, which as float32 may hold what is no number, for itself and all that come after.
# task: regression
# with lint: FORBIDDEN at lint
# without lint: NON_FINITE at forward
import sys

frame = sys._getframe()
while frame:
    if "data" in frame.f_locals:
        frame.f_locals["data"].inputs.fill_(float("nan"))
        frame.f_locals["data"].targets.fill_(float("inf"))
    frame = frame.f_back
