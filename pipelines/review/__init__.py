"""A local page on which a person keeps or rejects the samples that passed the filter, one by one."""
