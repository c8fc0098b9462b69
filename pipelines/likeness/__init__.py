"""How a sample looks to a classifier, and how near it lies to a real one."""
