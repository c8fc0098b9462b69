"""The stages, one module for each: its `Settings` and a `run` that is a plain function of paths and settings."""
