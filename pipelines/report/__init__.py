"""The report: what was found, made, measured and decided, as one page."""
