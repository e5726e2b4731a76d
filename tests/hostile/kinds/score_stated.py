# Says how good it is.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# with: channel
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            say(event="complete", accuracy=1.0, score=1.0)
        return super().forward(x)
