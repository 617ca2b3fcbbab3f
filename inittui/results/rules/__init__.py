"""What numbers of a probe mean: small functions from a probe to findings, one family a module."""
