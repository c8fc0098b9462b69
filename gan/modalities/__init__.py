"""From the user's records to tensors, and back onto the grid of the data. A kind of data a file."""
