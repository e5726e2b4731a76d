# without lint: COMPLETE|MISSING_DEPENDENCY
# Shows its progress with tqdm, which may be there or not.
import torch
import torch.nn as nn
from tqdm import tqdm


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.conv = nn.Conv2d(in_shape[1], 8, 3)
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(nn.functional.adaptive_avg_pool2d(self.conv(x).relu(), 4).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        bar = tqdm(train_data, desc="training", leave=False)
        for inputs, labels in bar:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
            bar.set_postfix(loss=loss.item())
