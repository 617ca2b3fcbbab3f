"""A terminal lab for neural-network weight initialization.

    >>> import inittui
    >>> state = inittui.compare(["zeros", "rule"], seeds=3)
    >>> state.trials[0].val_accuracy
    >>> print(state.report())

Everything is imported on first use: `import inittui` itself is immediate.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""What `typing` calls so: importing that takes longer than all else before a signal is heard."""

if TYPE_CHECKING:
    from inittui.api import Run, check, compare, inspect, load_run
    from inittui.errors import FindingsError, InittuiError, MachineError, UsageError
    from inittui.experiment.records import (
        DataConfig,
        Experiment,
        InspectionConfig,
        ModelConfig,
        TrainingConfig,
    )
    from inittui.initializers.own import initializer
    from inittui.results.check_result import CheckResult
    from inittui.results.state import RunState
    from inittui.results.trial_state import TrialState

_HOMES = {
    "check": "inittui.api",
    "CheckResult": "inittui.results.check_result",
    "FindingsError": "inittui.errors",
    "compare": "inittui.api",
    "inspect": "inittui.api",
    "Run": "inittui.api",
    "load_run": "inittui.api",
    "InittuiError": "inittui.errors",
    "MachineError": "inittui.errors",
    "UsageError": "inittui.errors",
    "initializer": "inittui.initializers.own",
    "Experiment": "inittui.experiment.records",
    "InspectionConfig": "inittui.experiment.records",
    "ModelConfig": "inittui.experiment.records",
    "DataConfig": "inittui.experiment.records",
    "TrainingConfig": "inittui.experiment.records",
    "RunState": "inittui.results.state",
    "TrialState": "inittui.results.trial_state",
}

__all__ = [
    "CheckResult",
    "DataConfig",
    "Experiment",
    "FindingsError",
    "InittuiError",
    "InspectionConfig",
    "MachineError",
    "ModelConfig",
    "Run",
    "RunState",
    "TrainingConfig",
    "TrialState",
    "UsageError",
    "check",
    "compare",
    "initializer",
    "inspect",
    "load_run",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'inittui' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
