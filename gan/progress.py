"""How long work says how far it is."""

from collections.abc import Callable, Mapping

Progress = Callable[[int, int, Mapping[str, float]], None]  # called with: done, total, figures to show
