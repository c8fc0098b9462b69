"""Where the networks run, set up so that the same run gives the same bytes."""

import os
import re
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from gan.errors import DeviceError

DEVICE = "TAILWEIGHT_DEVICE"  # environment variable: auto, cpu, cuda or cuda:N


def chosen_device() -> torch.device:
    """Return the device that `TAILWEIGHT_DEVICE` names; by default CUDA when there is one, else the CPU.

    DeviceError where it names none, or one that this machine does not have.
    """
    asked = os.environ.get(DEVICE) or "auto"
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", asked):
        raise DeviceError(f"{asked!r} is no device; expected auto, cpu, cuda or cuda:N")
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(asked)
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if (device.index or 0) >= count:
        raise DeviceError(f"{asked} is asked for, and torch finds {count} CUDA devices here; take auto or cpu")
    return device


def prepare_device() -> torch.device:
    """Set torch up for repeatable runs and return the device to train on, see `chosen_device`.

    One CPU thread, because sums split over another number of threads round differently, and no denormal numbers, which
    are slow and appear once a loss vanishes. Call it once, before the first tensor of a run.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    device = chosen_device()
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
    return device


def place(network: nn.Module, device: torch.device, order: torch.memory_format) -> nn.Module:
    """Move `network` to `device`, with the weights of its convolutions in `order`; return it.

    Convolutions are fastest with `torch.channels_last`, a checkpoint holds `torch.contiguous_format`.
    """
    placed: nn.Module = network.to(device, memory_format=order)  # type: ignore[call-overload]  # not in torch's stubs
    return placed


def onto(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return `tensor`, which lies on the CPU, on `device`; the CPU does not wait until a CUDA device has it."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return the context for a network's forward pass in training: bfloat16 autocast on CUDA, nothing on the CPU.

    Losses, penalties and shifts belong outside of it; they need float32.
    """
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()
