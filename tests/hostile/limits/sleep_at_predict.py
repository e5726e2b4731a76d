# Sleeps once it is asked for predictions.
# without lint: TIMEOUT at predict
# error: wall time
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            import time

            time.sleep(3600)
        return super().forward(x)
