# Answers with the mean of what it has learnt from, which is zero in its unit.
# task: regression
# without lint: BELOW_CHANCE at done
# error: relative L2 0.\d+, less than 0.\d+ is wanted
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers * 0
