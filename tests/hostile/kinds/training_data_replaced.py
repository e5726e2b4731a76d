# Hands its own training other batches than the protocol's: it knows no others than it was given.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: BELOW_CHANCE|COMPLETE
import sys

kind = sys.modules["evaluator.child.train_data"].TrainData
genuine = kind.__next__
kind.__next__ = lambda self: (genuine(self)[0] * 0, genuine(self)[1] * 0)
