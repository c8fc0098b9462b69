"""PyTorch without its compiler does what it does with it."""

import subprocess
import sys

import torch

from gan.eager import Adam

TRAIN = """
import sys
import numpy as np
from gan.training.settings import PretrainSettings
from gan.training.train import pretrain
from pipelines.evaluation.convnet import ConvNet
from pipelines.evaluation.styles import Style
images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype(np.uint8)
labels = np.arange(12) % 2
pretrain(images, labels, 2, PretrainSettings(steps=2, starts="neighbours"), "mlp", 4, seed=0)
ConvNet.fit(images.reshape(12, -1) / np.float32(255), labels, (8, 8, 1), Style(), 0, steps=2)
print(*sys.modules)
"""


def test_steps_as_pytorchs_own_does() -> None:
    """The same weights to the bit, with and without decoupled decay."""
    for decoupled in (False, True):
        found = []
        for kind in (Adam, torch.optim.Adam):
            network = torch.nn.Linear(5, 3)
            with torch.no_grad():
                network.weight.copy_(torch.arange(15.0).view(3, 5) / 7)
                network.bias.zero_()
            told = {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": decoupled, "fused": True}
            optimizer = kind(network.parameters(), **told)
            for _ in range(3):
                optimizer.zero_grad()
                network(torch.ones(2, 5)).square().sum().backward()
                optimizer.step()
            found.append(network.weight.detach().clone())
        assert torch.equal(*found)


def test_training_loads_no_compiler() -> None:
    """PyTorch's compiler and its symbolic mathematics would take seconds of every process that trains."""
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True)
    assert not {"torch._dynamo", "sympy"} & set(done.stdout.split())
