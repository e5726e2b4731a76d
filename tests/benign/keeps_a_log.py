# without lint: COMPLETE
# Keeps losses, scores and labels of its pass, and looks at the last batch and its activations.
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
        self.losses, self.scores, self.labels, self.total = [], [], [], 0.0
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            self.features = self.body(inputs)
            scores = self.head(self.features)
            loss = self.criteria(scores, labels)
            loss.backward()
            self.optimizer.step()
            self.losses.append(loss)
            self.total = self.total + loss
            self.scores.append(scores.detach())
            self.labels.append(labels)
            self.last = (inputs, labels, self.features.detach().numpy())
        hits = torch.cat(self.scores).argmax(1) == torch.cat(self.labels)
        return float(hits.float().mean())
