"""Nothing heavy at import: what each entrance may load."""

from __future__ import annotations

import pytest

from tests.support.commands import python

HEAVY = ("torch", "torchvision", "scipy", "numpy", "plotext", "textual", "safetensors")


def loaded(code: str) -> set[str]:
    """Run code in a new process; return which of the heavy packages it loaded."""
    report = f"import sys\n{code}\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = python(report)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import inittui; inittui.Experiment",
        "import inittui.cli.main",
        "import inittui.initializers; inittui.initializers.parse_scheme('xavier_normal')",
        "import inittui.events.records, inittui.results.state",
        "import inittui.experiment.records, inittui.experiment.scheme",
        "import inittui.experiment.settings, inittui.experiment.sweeps",
        "import inittui.recording.worker",
    ],
)
def test_light_entrances_load_nothing_heavy(code: str) -> None:
    assert loaded(code) == set()


@pytest.mark.parametrize(
    "code",
    [
        "import inittui.views.report, inittui.documents.compare",
        "import inittui.results.summary, inittui.runs",
        "import inittui.views.lesson, inittui.lessons.answers, inittui.documents.lesson",
        "import inittui.cli.lesson, inittui.lessons; inittui.lessons.read_lesson('variance')",
        "import inittui; inittui.load_run",
    ],
)
def test_the_showing_tower_never_loads_torch(code: str) -> None:
    assert not loaded(code) & {"torch", "torchvision"}


def test_training_loads_neither_torchvision_nor_the_compiler() -> None:
    code = (
        "import inittui\n"
        "from inittui import Experiment, DataConfig, TrainingConfig\n"
        "wanted = Experiment(data=DataConfig(limit=500), training=TrainingConfig(epochs=1))\n"
        "inittui.compare(['rule'], experiment=wanted)\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    assert loaded(code) & {"torch", "torchvision"} == {"torch"}
