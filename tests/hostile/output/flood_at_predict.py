# Prints without end once it is asked for predictions.
# without lint: OUTPUT_LIMIT at predict
class Net(Honest):
    def forward(self, x):
        while len(x) > 2 and not self.training:
            print("x" * 1000)
        return super().forward(x)
