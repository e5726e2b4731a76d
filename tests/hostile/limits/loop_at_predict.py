# Never ends once it is asked for predictions.
# without lint: TIMEOUT at predict
class Net(Honest):
    def forward(self, x):
        while len(x) > 2 and not self.training:
            pass
        return super().forward(x)
