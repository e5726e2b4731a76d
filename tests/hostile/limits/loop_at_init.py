# Never ends while it is built.
# without lint: TIMEOUT at init
class Net(Honest):
    def __init__(self, in_shape, out_shape, prm, device):
        while True:
            pass
