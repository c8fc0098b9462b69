"""What PyTorch would load its compiler for, without: that takes over two seconds in each process, and compiles nothing here."""

import inspect

import torch
from torch import nn


class Adam(torch.optim.Adam):
    """PyTorch's own, its methods as they are before they are kept from the compiler."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


def laid_out(module: nn.Module) -> nn.Module:
    """Give a module that was made on the meta device room for its weights on the CPU; return it.

    As its `to_empty` does, which loads a library of symbolic mathematics to do so.
    """
    room = {
        name: torch.empty(weight.shape, dtype=weight.dtype, device="cpu")
        for name, weight in module.state_dict().items()
    }
    module.load_state_dict(room, assign=True)
    return module
