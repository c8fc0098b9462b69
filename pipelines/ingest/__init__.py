"""From raw data to splits: one way in for each kind of data."""
