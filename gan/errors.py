"""Errors that a caller can mend."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read; the message is one line and names the file."""


class ConstraintError(ValueError):
    """Rows that satisfy the constraints could not be made; the message is one line and says which rejected how many."""


class DeviceError(ValueError):
    """A device that is none, or is not there; the message is one line and says what may be named."""
