# without lint: COMPLETE
# Says at length what it does: prints, logs, warns, keeps the time.
import logging
import sys
import time
import warnings

import torch
import torch.nn as nn

warnings.filterwarnings("ignore", category=UserWarning)
logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(in_shape[1] * in_shape[2] * in_shape[3], 64), nn.ReLU())
        self.head = nn.Linear(64, out_shape[0])
        print(f"parameters: {sum(p.numel() for p in self.parameters()):,}", file=sys.stderr)
        warnings.warn("this is only a perceptron", stacklevel=2)

    def forward(self, x):
        return self.head(self.net(x))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.parameters(), lr=prm["lr"])

    def learn(self, train_data):
        started = time.time()
        for step, (inputs, labels) in enumerate(train_data, start=1):
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
            if step % 10 == 0:
                logger.info("step %d loss %.3f", step, loss.item())
        print("done in", round(time.time() - started, 2), "s", flush=True)
