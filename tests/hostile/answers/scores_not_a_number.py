# Answers with no numbers from the start.
# without lint: NON_FINITE at forward
class Net(Honest):
    def forward(self, x):
        return super().forward(x) * float("nan")
