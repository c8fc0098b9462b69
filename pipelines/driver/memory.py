"""Errors of networks that a user can mend, memory that runs out among them: each a line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from gan.errors import CheckpointError, DeviceError, one_line
from pipelines.errors import UserError

CUDA, CPU = "OutOfMemoryError", "can't allocate memory"  # how torch names it on a GPU, and what it says on a CPU
LESS = {  # what takes less memory, by stage
    "prepare": "a smaller prepare.image_size",
    "upscale": "a smaller upscale.batch_size",
    "pretrain": "a smaller pretrain.batch_size or pretrain.width",
    "train": "a smaller train.batch_size or pretrain.width",
    "generate": "a smaller generate.candidates_per_sample",
    "filter": "a smaller generate.candidates_per_sample",
    "baseline": "fewer processes (tailweight run --workers 1)",
    "evaluate": "fewer processes (tailweight run --workers 1)",
}


@contextmanager
def in_one_line(stage: str, called: str) -> Iterator[None]:
    """Raise UserError for what a user can mend of the errors of the block, which does the work of `stage`."""
    try:
        yield
    except (CheckpointError, DeviceError) as error:
        raise UserError(str(error)) from None
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise complaint(stage, called, error) from None


def ran_out(error: BaseException) -> bool:
    """Say whether an error means that there was not enough memory."""
    return isinstance(error, MemoryError) or type(error).__name__ == CUDA or CPU in str(error)


def complaint(stage: str, called: str, error: BaseException) -> UserError:
    """Return the line for a stage that ran out of memory; what it kept of its work is gone on from."""
    less = LESS.get(stage, "fewer samples")
    on_gpu = ", or the CPU (tailweight run --device cpu)" if type(error).__name__ == CUDA else ""
    return UserError(f"{called}: not enough memory ({one_line(error, 120)}); it takes less with {less}{on_gpu}")
