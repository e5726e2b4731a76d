# Scores one class too few.
# without lint: SHAPE_ERROR at forward
class Net(Honest):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__(in_shape, (out_shape[0] - 1,), prm, device)
