# Writes zeros over the resident inputs and targets that every program shares: the pages become its own.
# task: segmentation
# with lint: FORBIDDEN at lint
# without lint: BELOW_CHANCE|COMPLETE|NON_FINITE
import sys

frame = sys._getframe()
while frame:
    if "data" in frame.f_locals:
        frame.f_locals["data"].inputs.zero_()
        frame.f_locals["data"].targets.zero_()
    frame = frame.f_back
