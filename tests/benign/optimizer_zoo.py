# without lint: COMPLETE
# Closures, averaging of weights and a loss by hand.
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, scores, labels):
        entropy = F.cross_entropy(scores, labels, reduction="none")
        return ((1 - torch.exp(-entropy)) ** self.gamma * entropy).mean()


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(in_shape[1], 8, 3), nn.PReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(self.features(x))

    def train_setup(self, prm):
        self.criteria = FocalLoss()
        self.optimizer = torch.optim.NAdam(self.parameters(), lr=prm["lr"])
        self.__dict__["average"] = AveragedModel(nn.ModuleList([self.features, self.head]))

    def learn(self, train_data):
        for inputs, labels in train_data:

            def closure():
                self.optimizer.zero_grad()
                loss = self.criteria(self(inputs), labels)
                loss.backward()
                return loss

            self.optimizer.step(closure)
