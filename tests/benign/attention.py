# without lint: COMPLETE
# A small vision transformer.
import math

import torch
from torch import nn


def supported_hyperparameters():
    return {"lr", "momentum", "dropout"}


class PatchEmbedding(nn.Module):
    def __init__(self, channels, dim, patch, size):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, stride=patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.position = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim) / math.sqrt(dim))

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        return torch.cat([self.cls_token.expand(x.size(0), -1, -1), x], dim=1) + self.position


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.embed = PatchEmbedding(in_shape[1], 32, 2, in_shape[2])
        self.attention = nn.MultiheadAttention(32, 4, dropout=prm["dropout"], batch_first=True)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=prm.get("dropout", 0.1), batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, out_shape[0])

    def forward(self, x):
        x = self.embed(x)
        attended, _weights = self.attention(x, x, x)
        return self.head(self.norm(self.encoder(x + attended)[:, 0]))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(self.parameters(), lr=prm["lr"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
