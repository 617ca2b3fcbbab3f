"""Weight initializers: what they are called, what they give, and how a model gets them.

Everything here can be read without torch; `inittui.initializers.apply` writes the weights.
"""

from inittui.initializers.catalogue import CATALOGUE, find, names
from inittui.initializers.parsing import parse_scheme

__all__ = ["CATALOGUE", "find", "names", "parse_scheme"]
