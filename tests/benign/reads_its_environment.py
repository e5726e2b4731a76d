# without lint: COMPLETE
# Looks where it runs: variables, paths, platform, memory, devices.
import gc
import os
import platform
import random
import sys

import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", "42"))
HERE = os.path.dirname(os.path.abspath(__file__))
THREADS = os.cpu_count() or 1
SYSTEM = (platform.system(), sys.version_info[:2], [path for path in sys.path if path])
torch.manual_seed(SEED)
random.seed(SEED)
torch.backends.cudnn.benchmark = True


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.conv = nn.Conv2d(in_shape[1], 8, 3)
        self.head = nn.Linear(8 * 16, out_shape[0])
        self.rate = prm.get("lr", 0.01)

    def forward(self, x):
        return self.head(nn.functional.adaptive_avg_pool2d(self.conv(x).relu(), 4).flatten(1))

    def train_setup(self, prm):
        self.to(self.device)
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=self.rate, momentum=prm.get("momentum", 0.9))

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs.to(self.device)), labels.to(self.device))
            loss.backward()
            self.optimizer.step()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


if __name__ == "__main__":
    sys.exit(0)
