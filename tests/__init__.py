"""The tests. They mirror `gan/` and `pipelines/`."""

from pipelines.driver import machine

machine.limit_threads()  # before NumPy is loaded: on a busy machine two threads of a test run ten times slower than one
