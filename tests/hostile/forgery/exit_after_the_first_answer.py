# Leaves after the first of its answers, which was a good one.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at predict
# error: exit code 0
answers = 0


class Net(Honest):
    def forward(self, x):
        global answers
        if len(x) > 2 and not self.training:
            answers += 1
            if answers == 2:
                import os

                os._exit(0)
        return super().forward(x)
