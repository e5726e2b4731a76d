# Answers yes or no.
# without lint: RUNTIME_ERROR at learn|predict
class Net(Honest):
    def forward(self, x):
        scores = super().forward(x)
        return scores if self.training else scores > 0
