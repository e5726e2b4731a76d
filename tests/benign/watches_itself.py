# without lint: COMPLETE
# Looks at its accuracy on the batch after every step, in evaluation mode and without gradients.
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
        seen = []
        for inputs, labels in train_data:
            self.train()
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
            seen.append((inputs, labels))
            seen = seen[-3:]
            self.eval()
            with torch.no_grad():
                for old, truth in seen:
                    accuracy = (self(old).argmax(1) == truth).float().mean().item()
        return accuracy
