"""Code that an experiment names: imported only where a person allowed it."""

from __future__ import annotations

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.initializers import own
from inittui.initializers.named_code import own_initializers, own_models
from inittui.text import sanitize


def check_trust(reference: str, source: object, *, trust: bool) -> None:
    """Raise `UsageError` for code that only a file names, unless the person trusts it."""
    if not trust:
        name = sanitize(reference, 100)
        raise UsageError(f"{source} names code, {name}; if you trust it, add --trust to run it")


def load_code(experiment: Experiment, source: object, *, trust: bool) -> None:
    """Import the functions that a file's experiment names; models are imported when built.

    Raises:
        UsageError: it names code, and the person doesn't trust it; or the code fails.
    """
    initializers = own_initializers(experiment)
    for reference in (*own_models(experiment), *initializers):
        check_trust(reference, source, trust=trust)
    for reference in initializers:
        own.load(reference)
