"""Where the networks run, set up so that the same run gives the same bytes."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn


def prepare_device() -> torch.device:
    """Set torch up for repeatable runs and return the device to train on: CUDA when there is one, else the CPU.

    One CPU thread, because sums split over another number of threads round differently, and no denormal numbers, which
    are slow and appear once a loss vanishes. Call it once, before the first tensor of a run.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda")


def place(network: nn.Module, device: torch.device, order: torch.memory_format) -> nn.Module:
    """Move `network` to `device`, with the weights of its convolutions in `order`; return it.

    Convolutions are fastest with `torch.channels_last`, a checkpoint holds `torch.contiguous_format`.
    """
    placed: nn.Module = network.to(device, memory_format=order)  # type: ignore[call-overload]  # not in torch's stubs
    return placed


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return the context for a network's forward pass in training: bfloat16 autocast on CUDA, nothing on the CPU.

    Losses, penalties and shifts belong outside of it; they need float32.
    """
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()
