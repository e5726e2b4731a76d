# Has its inputs normalised in another way: it spoils its own answers alone.
# task: signal-regression
# with lint: FORBIDDEN at lint
# without lint: BELOW_CHANCE|COMPLETE|NON_FINITE
import sys

sys.modules["evaluator.child.proxy"].Normalisation = lambda plan: torch.zeros_like
