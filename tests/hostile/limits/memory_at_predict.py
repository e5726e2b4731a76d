# Takes memory without end once it is asked for predictions.
# without lint: OUT_OF_MEMORY at predict
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            torch.zeros(2**32)
        return super().forward(x)
