# without lint: COMPLETE
# A function with a gradient of its own, hooks, and parameters without a module.
import torch
import torch.nn as nn


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1).to(gradient.dtype)


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(12, in_shape[1], 3, 3))
        nn.init.kaiming_normal_(self.weight)
        self.register_buffer("seen", torch.zeros(()))
        self.head = nn.Linear(12 * 9, out_shape[0])
        self.head.weight.register_hook(lambda gradient: gradient.clamp(-1, 1))

    def forward(self, x):
        x = nn.functional.conv2d(x, Sign.apply(self.weight), padding=1)
        return self.head(nn.functional.adaptive_avg_pool2d(torch.tanh(x), 3).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.seen += len(labels)
            loss = self.criteria(self(inputs), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
