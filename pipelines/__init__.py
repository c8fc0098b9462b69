"""The pipeline around the GAN core: files, parameters, order, measurement and report."""
