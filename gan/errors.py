"""Errors that a caller can mend, each a line."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read; the message is one line and names the file."""


class ConstraintError(ValueError):
    """Rows that satisfy the constraints could not be made; the message is one line and says which rejected how many."""


class DeviceError(ValueError):
    """A device that is none, or is not there; the message is one line and says what may be named."""


def one_line(text: object, most: int) -> str:
    """Return a text on one line, cut to `most` characters.

    >>> one_line("a   b", 9), one_line("x" * 12, 5)
    ('a b', 'xxxx…')
    """
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 1] + "…"
