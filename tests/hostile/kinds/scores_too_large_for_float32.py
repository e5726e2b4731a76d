# Answers with numbers that are finite in 64 bits alone.
# task: multi-label
# without lint: NON_FINITE at forward
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers.double() * 1e300
