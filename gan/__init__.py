"""The GAN core: arrays and tensors in, arrays and tensors out.

Knows nothing of files' layout, parameters files, Prefect or DVC.
"""
