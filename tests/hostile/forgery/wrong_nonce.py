# Answers a question with a nonce of its own.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at predict
# error: answer no question
# with: channel
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            send(b"C", bytes(8 + 2 * len(x)))
        return super().forward(x)
