"""The stages, a module each: its `Settings` and a `run` that is a plain function of paths and settings."""

from collections.abc import Callable, Mapping

Progress = Callable[[int, int, Mapping[str, float]], None]  # how far `run` is: done, total, figures to show
