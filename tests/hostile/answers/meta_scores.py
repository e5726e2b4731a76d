# Answers with a tensor that has a shape and no numbers.
# without lint: RUNTIME_ERROR at forward
class Net(Honest):
    def forward(self, x):
        scores = super().forward(x)
        return scores if self.training else scores.to("meta")
