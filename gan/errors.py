"""Errors that a caller can mend."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read; the message is one line and names the file."""
