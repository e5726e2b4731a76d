# Replaces the training by nothing: what is marked is then the untrained network.
# with lint: FORBIDDEN at lint
# without lint: BELOW_CHANCE
import sys

proxy = sys.modules["evaluator.child.proxy"]
proxy.train = lambda net, prm, images, labels, plan, watch: (0.0,) * 16
