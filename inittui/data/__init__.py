"""Image sets as tensors: where their files are, how they are checked, decoded, kept and split."""
