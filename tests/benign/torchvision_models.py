# without lint: COMPLETE|MISSING_DEPENDENCY|CONTRACT_ERROR
# Takes a whole network out of a library: too large for the cap where there is such a library.
import torch
import torch.nn as nn
import torchvision.models as models


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.stem = nn.Conv2d(in_shape[1], 3, 1)
        self.net = models.squeezenet1_1(weights=None, num_classes=out_shape[0])

    def forward(self, x):
        return self.net(nn.functional.interpolate(self.stem(x), scale_factor=8))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
