"""The GAN core: arrays, frames and tensors in, arrays, frames and tensors out.

Knows nothing of files' layout, parameters files, Prefect or DVC. `gan.GANOverSampler` is loaded when it is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan.over_sampler import GANOverSampler

__all__ = ["GANOverSampler"]


def __getattr__(name: str) -> Any:
    if name != "GANOverSampler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gan.over_sampler import GANOverSampler

    return GANOverSampler
