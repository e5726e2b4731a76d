# without lint: COMPLETE
# L-BFGS, which remembers twenty gradients and asks for the loss again within each step.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.body = nn.Sequential(
            nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(self.body(x))

    def train_setup(self, prm):
        self.to(self.device)
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.optimizer = torch.optim.LBFGS(self.parameters(), lr=0.3, max_iter=2, history_size=20)
        for inputs, labels in train_data:

            def closure():
                self.optimizer.zero_grad()
                loss = self.criteria(self(inputs), labels)
                loss.backward()
                return loss

            self.optimizer.step(closure)
