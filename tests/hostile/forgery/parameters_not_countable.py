# Reports a number of parameters that no machine can hold.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at forward
# with: channel
class Net(Honest):
    def forward(self, x):
        say(event="built", parameters=2**63, flops=None)
        time.sleep(60)
