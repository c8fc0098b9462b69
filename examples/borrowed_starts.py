"""The method in one file: start between neighbours, borrow how a majority class varies, let a small GAN refine the result.

    python examples/borrowed_starts.py        # about half a minute on one core

Digit 3 has 10 training images, the others about 90. A linear model says what each step is worth on the test half. The product
does the same with care: rehearsed, watched, filtered, and judged by a gate.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from torch import nn

RARE, LEFT, WANTED, STEPS = 3, 10, 80, 400
rng, torch_rng = np.random.default_rng(0), torch.Generator().manual_seed(0)

# The data: half for test, and of the minority class 10 images for training.
x, y = load_digits(return_X_y=True)
x = (x / 8 - 1).astype(np.float32)  # (1797, 64) in [-1, 1]
test, train = np.split(rng.permutation(len(y)), [len(y) // 2])
train = np.concatenate([train[y[train] != RARE], train[y[train] == RARE][:LEFT]])
real, labels = x[train], y[train]
own, others = real[labels == RARE], real[labels == 8]  # the lender: 8 looks much like 3


def starts(count: int) -> np.ndarray:
    """Points between a real 3 and its neighbour, moved as one 8 differs from another that looks like it: (count, 64)."""
    here = rng.integers(len(own), size=count)
    near = np.argsort(((own[:, None] - own[None]) ** 2).sum(2), axis=1)[:, 1:6]  # 5 nearest neighbours
    there = near[here, rng.integers(5, size=count)]
    between = own[here] + rng.random((count, 1), np.float32) * (own[there] - own[here])
    alike = ((own[:, None] - others[None]) ** 2).sum(2).argsort(1)[:, :10]  # the eights that resemble each three
    first, second = others[alike[here, rng.integers(10, size=count)]], others[rng.integers(len(others), size=count)]
    return np.clip(between + rng.random((count, 1), np.float32) * (second - first), -1, 1).astype(np.float32)


def network(outputs: int) -> nn.Sequential:  # its first weights come from our own generator
    layers = nn.Sequential(nn.Linear(64, 128), nn.LeakyReLU(0.2), nn.Linear(128, outputs))
    for layer in (layers[0], layers[2]):
        nn.init.normal_(layer.weight, 0, layer.weight.shape[1] ** -0.5, generator=torch_rng)
    return layers


# The GAN: what is added to a start begins at zero, and is held small, so that a 3 stays a 3.
change, critic = network(64), network(1)
for weight in change[-1].parameters():
    nn.init.zeros_(weight)
steps = [torch.optim.Adam(part.parameters(), 2e-4, betas=(0.0, 0.99)) for part in (critic, change)]
for step in range(2 * STEPS):
    genuine = torch.from_numpy(own[rng.integers(LEFT, size=64)]).requires_grad_()
    start = torch.from_numpy(starts(64))
    made = (start + change(start)).clamp(-1, 1)
    if step % 2 == 0:  # the critic: real above made, pair by pair, with a gradient penalty (R1)
        scores = critic(genuine), critic(made.detach())
        slope = torch.autograd.grad(scores[0].sum(), genuine, create_graph=True)[0]
        loss = F.softplus(scores[1] - scores[0]).mean() + 0.5 * slope.square().sum(1).mean()
    else:  # the generator: made above real, and near the start
        loss = F.softplus(critic(genuine.detach()) - critic(made)).mean() + 0.5 * (made - start).abs().mean()
    steps[step % 2].zero_grad()
    loss.backward()
    steps[step % 2].step()


def precision(added: np.ndarray) -> float:
    """Return the average precision of the class on the test half, with `added` samples of it, (n, 64)."""
    model = LogisticRegression(max_iter=500, class_weight="balanced")
    model.fit(np.concatenate([real, added]), np.append(labels, np.full(len(added), RARE)))
    return float(average_precision_score(y[test] == RARE, model.predict_proba(x[test])[:, RARE]))


point = starts(WANTED)
with torch.no_grad():
    refined = (torch.from_numpy(point) + change(torch.from_numpy(point))).clamp(-1, 1).mul(8).round().div(8).numpy()
print(f"average precision of digit {RARE} with class weights alone: {precision(own[:0]):.3f}")
print(f"  and its own {LEFT} images repeated: {precision(np.repeat(own, WANTED // LEFT, axis=0)):.3f}")
print(f"  and {WANTED} borrowed starts: {precision(point):.3f}")
print(f"  and the same, refined by the GAN: {precision(refined):.3f}")
