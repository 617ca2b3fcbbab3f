"""All initializers by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from inittui.errors import UsageError, unknown
from inittui.initializers import parametrizations, simple, structured, variance
from inittui.initializers.description import Description
from inittui.text import sanitize

CATALOGUE: Mapping[str, Description] = MappingProxyType(
    {
        description.name: description
        for description in (
            simple.zeros,
            simple.ones,
            simple.constant,
            simple.uniform,
            simple.centered,
            simple.rule,
            simple.normal,
            simple.default,
            simple.trunc_normal,
            variance.xavier_uniform,
            variance.xavier_normal,
            variance.kaiming_uniform,
            variance.kaiming_normal,
            variance.glorot_normal,
            variance.he_uniform,
            variance.he_normal,
            variance.lecun_uniform,
            variance.lecun_normal,
            variance.variance_scaling,
            parametrizations.standard,
            parametrizations.mup,
            structured.orthogonal,
            structured.sparse,
            structured.eye,
            structured.dirac,
        )
    }
)
"""Every description by its name, in the order in which they are listed."""


BUILT = "built"
"""The name that stands for a model's own code: what this scheme fills stays as it was built."""


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


_BY_PLAIN_NAME = {
    _plain(name): description
    for description in CATALOGUE.values()
    for name in (description.name, *description.aliases)
}


def names() -> tuple[str, ...]:
    """Return the names of all initializers, without aliases."""
    return tuple(CATALOGUE)


def is_known(name: str) -> bool:
    """Whether a name or alias is in the catalogue; case, '-' and '_' don't matter."""
    return _plain(name) in _BY_PLAIN_NAME or is_built(name)


def is_built(name: str) -> bool:
    """Whether a name leaves values as the model's own code made them."""
    return _plain(name) == BUILT


def find(name: str) -> Description:
    """Return the initializer of a name or alias; case, '-' and '_' don't matter.

    Raises:
        UsageError: there is none; names the nearest.
    """
    found = _BY_PLAIN_NAME.get(_plain(name))
    if found is None and is_built(name):
        raise UsageError(
            "built leaves a model as its own code makes it: it has values in a model only, see "
            "'inittui inspect built --model file.py:Model'"
        )
    if found is None:
        aliases = [alias for description in CATALOGUE.values() for alias in description.aliases]
        raise unknown("initializer", sanitize(name, 80), [*CATALOGUE, *aliases, BUILT])
    return found
