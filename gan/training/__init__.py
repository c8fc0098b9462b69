"""What runs while a GAN trains: the loop, the adversary, its losses and batches, what is kept, settings."""
