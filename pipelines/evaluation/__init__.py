"""What classifiers gain from synthetic samples, measured against every cheap alternative. Arrays in, plain values out."""
