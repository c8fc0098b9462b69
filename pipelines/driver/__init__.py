"""What decides, runs and shows: the graph of stages, DVC, the flow, settings, progress."""
