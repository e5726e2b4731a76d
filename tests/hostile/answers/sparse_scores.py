# Answers with a tensor of another layout.
# without lint: RUNTIME_ERROR|SHAPE_ERROR at forward
class Net(Honest):
    def forward(self, x):
        scores = super().forward(x)
        return scores if self.training else scores.to_sparse()
