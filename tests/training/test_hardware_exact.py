"""What is set while CUDA trains, and set back; torch's switches are there without a GPU, too."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch.backends import cuda, cudnn

from inittui.events.records import Noted
from inittui.training import engine
from inittui.training.hardware import describe_inexact, exact
from inittui.training.prepared import prepare
from tests.support.trials import experiment

CUDA = torch.device("cuda")
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
INEXACT = "put_"
"""One of the few operations that torch warns of on the CPU, too."""


def switches() -> list[object]:
    parts = (cuda.matmul, cudnn.conv, cudnn.rnn)  # type: ignore[attr-defined]
    return [
        *(part.fp32_precision for part in parts),
        cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        os.environ.get(WORKSPACE),
    ]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    precision, benchmark = cuda.matmul.fp32_precision, cudnn.benchmark
    yield
    cuda.matmul.fp32_precision, cudnn.benchmark = precision, benchmark


def nothing() -> None:
    pass


def tf32_in_a_notebook() -> None:
    cuda.matmul.fp32_precision = "tf32"
    cudnn.benchmark = True
    with pytest.raises(RuntimeError):
        _ = cuda.matmul.allow_tf32  # the older switch can't even be read


@pytest.mark.parametrize("before", [nothing, tf32_in_a_notebook])
def test_all_is_exact_within_and_as_it_was_after(before: Callable[[], None]) -> None:
    before()
    was = switches()
    with exact(CUDA):
        assert switches() == ["ieee", "ieee", "ieee", False, False, True, True, ":4096:8"]
    assert switches() == was
    with pytest.raises(ZeroDivisionError), exact(CUDA):
        _ = 1 / 0
    assert switches() == was


def test_the_cpu_is_left_alone() -> None:
    was = switches()
    with exact(torch.device("cpu")):
        assert switches() == was


def test_a_workspace_that_somebody_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE, ":16:8")
    with exact(CUDA):
        assert os.environ[WORKSPACE] == ":16:8"
    assert os.environ[WORKSPACE] == ":16:8"


def test_a_workspace_that_came_too_late_is_noted(recwarn: pytest.WarningsRecorder) -> None:
    told = (
        "Deterministic behavior was enabled with either `torch.use_deterministic_algorithms(True)` "
        "or `at::Context::setDeterministicAlgorithms(true)`, but this operation is not "
        "deterministic because it uses CuBLAS and you have CUDA >= 10.2. To enable …"
    )
    with exact(CUDA) as inexact:
        warnings.warn(told, stacklevel=1)
    assert inexact == {"CuBLAS"}
    assert not [each for each in recwarn if "CuBLAS" in str(each.message)]


def do_something_inexact() -> None:
    torch.zeros(3).put_(torch.tensor([1]), torch.tensor([1.0]))


def test_an_operation_that_does_not_repeat_itself_is_noted(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """In the log, and not as torch's warning on the screen."""
    started: Callable[..., object] = engine.Stack

    def stack(*arguments: object) -> object:
        do_something_inexact()
        return started(*arguments)

    monkeypatch.setattr(engine, "exact", lambda _: exact(CUDA))
    monkeypatch.setattr(engine, "Stack", stack)
    events = list(engine.train(prepare(experiment(["rule"], images=300))))
    notes = [event.message for event in events if isinstance(event, Noted)]
    assert describe_inexact({INEXACT}) in notes
    assert not [each for each in recwarn if "deterministic" in str(each.message)]
