# Learns until its weights are no numbers.
# without lint: NON_FINITE at learn
class Net(Honest):
    def train_setup(self, prm):
        super().train_setup(prm | {"lr": 1e30})
