# without lint: COMPLETE
# Keeps moving averages of its weights, swaps the best ones in, and remembers a few states.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.body = nn.Sequential(
            nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(self.body(x))

    def train_setup(self, prm):
        self.to(self.device)
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        import copy

        averaged = copy.deepcopy(self)
        self.fast = {name: each.detach().clone() for name, each in self.named_parameters()}
        self.history = []
        for step, (inputs, labels) in enumerate(train_data):
            self.optimizer.zero_grad()
            self.criteria(self(inputs), labels).backward()
            self.optimizer.step()
            with torch.no_grad():
                for slow, fast in zip(averaged.parameters(), self.parameters()):
                    slow.lerp_(fast, 0.1)
                for name, each in self.named_parameters():
                    self.fast[name].mul_(0.9).add_(each, alpha=0.1)
            if step % 30 == 0:
                self.history.append({name: each.clone() for name, each in self.state_dict().items()})
        self.teacher = [averaged]
        self.load_state_dict({name: each for name, each in averaged.state_dict().items()}, strict=False)
