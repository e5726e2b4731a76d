# Scores one image for the whole batch.
# without lint: SHAPE_ERROR at forward
class Net(Honest):
    def forward(self, x):
        return super().forward(x).mean(0, keepdim=True)
