"""The Python API: the same engine, log and state as the command line's."""

from __future__ import annotations

import io
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from inittui.errors import MachineError, UsageError
from inittui.events.records import Event
from inittui.experiment.devices import LOCAL
from inittui.experiment.keywords import with_keywords
from inittui.experiment.models import usual_schemes
from inittui.experiment.records import Experiment, InspectionConfig, ModelConfig
from inittui.experiment.run_names import check_wanted_name
from inittui.initializers import own, parse_scheme
from inittui.results.state import RunState
from inittui.user_code import reference_to

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from rich.console import Console
    from torch import nn

    from inittui.results.check_result import CheckResult

    Model = str | nn.Module | Callable[..., nn.Module]
    Inputs = str | torch.Tensor | Sequence[str | torch.Tensor] | Mapping[str, torch.Tensor]


class Run(RunState):
    """What was measured, with ways to look at it."""

    __slots__ = ()

    @classmethod
    def of(cls, state: RunState) -> Run:
        run = cls()
        for each in fields(state):
            setattr(run, each.name, getattr(state, each.name))
        return run

    def report(self, *, width: int = 80) -> str:
        """Return the report as text without colours, ``width`` columns wide."""
        return self._drawn(width).export_text()

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each trial: scheme, seed, settings that differ, and how it ended.

        Accuracies are fractions; what wasn't measured is None.

        Raises:
            MachineError: pandas isn't installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MachineError("to_frame() needs pandas: pip install pandas") from None
        return pd.DataFrame(
            {
                "scheme": trial.plan.scheme if trial.plan else trial.scheme,
                "seed": trial.seed,
                **(trial.plan.settings if trial.plan else {}),
                "status": trial.status,
                "steps": trial.steps,
                "val_accuracy": trial.val_accuracy,
                "val_loss": trial.val_loss,
                "train_accuracy": trial.train_accuracy,
                "train_loss": trial.train_loss,
                "first_loss": trial.first_loss,
                "seconds": trial.seconds,
            }
            for trial in self.trials
        )

    def _repr_html_(self) -> str:
        """Return the report as notebooks show it."""
        code = '<pre style="font-family: monospace; line-height: 1.2"><code>{code}</code></pre>'
        return self._drawn(100).export_html(inline_styles=True, code_format=code)

    def _drawn(self, width: int) -> Console:
        from rich.console import Console

        from inittui.views.frame import Frame
        from inittui.views.inspection import inspection_report
        from inittui.views.report import compare_report

        console = Console(
            file=io.StringIO(), width=width, record=True, force_terminal=True,
            color_system="truecolor", legacy_windows=False, highlight=False, markup=False,
            emoji=False,
        )  # fmt: skip
        frame = Frame(width=width)
        trained = any(trial.losses for trial in self.trials)
        report = compare_report(self, frame) if trained else inspection_report(self, frame)
        console.print(report, soft_wrap=True)
        return console


def compare(
    schemes: str | Iterable[str] | None = None,
    *,
    model: Model | None = None,
    seeds: int | Sequence[int] | None = None,
    experiment: Experiment | None = None,
    save: bool = False,
    runs_dir: str | Path | None = None,
    **settings: Any,
) -> Run:
    """Train one model per scheme and seed; return what was measured.

    Args:
        schemes: what to compare, one or more, in the command line's grammar; functions that they
            name (``module:function``) are imported. None: those of ``experiment``, else the
            classic ones, and for one's own model ``built`` before them.
        model: a name as on the command line, a class or function that makes the model, or a
            module: every trial begins with a copy of it, whose values ``built`` keeps.
        seeds: that many seeds from 0, or the seeds themselves. None: those of ``experiment``, else
            one.
        experiment: what all that isn't given is taken from; the protocol's where None.
        save: keep the run as the command line does.
        runs_dir: where runs are kept; None means the user's directory.
        settings: by the names of the command line's options or of the experiment's fields, such
            as ``data``, ``epochs``, ``limit``, ``batch_size``, ``lr``, ``layers``, ``sweeps``.

    Raises:
        InittuiError: something is wrong with the arguments or missing on this machine.
    """
    from inittui.recording.recorder import Recorder
    from inittui.runs import create_run, runs_root
    from inittui.training.prepared import prepare

    if model is not None:
        settings["model"] = _named(model)
    wanted = _experiment(experiment, schemes, seeds, settings)
    is_shared = wanted.training.devices is not None or wanted.training.on != LOCAL
    if is_shared and not (model is None or isinstance(model, str)):
        raise UsageError(
            "a model given as an object is trained by this process alone; for devices= or on= "
            "name it as FILE.py:NAME or MODULE:NAME"
        )
    check_wanted_name(wanted.name)
    prepared = prepare(wanted)
    root = runs_root(Path(runs_dir) if runs_dir is not None else None)
    run = create_run(root, wanted) if save else None
    recorder = Recorder(prepared, run)
    state = _fold(recorder.events(should_stop=lambda: False))
    if recorder.failure is not None:
        raise recorder.failure
    return state


def inspect(
    model: Model,
    inputs: Inputs,
    targets: torch.Tensor | None = None,
    *,
    schemes: str | Iterable[str] = "built",
    seed: int = 0,
    output: str | None = None,
) -> Run:
    """Measure every layer of an untrained model in one forward and one backward pass.

    Args:
        model: as `compare` takes it.
        inputs: a batch [n, …], several, by place or by the names of ``forward``'s parameters; or
            texts such as ``3x224x224`` or ``ids:128:50257``, of which 256 samples are drawn.
        targets: the class of each sample, int64 [n], or of each position of sequences, [n, t];
            drawn where None.
        schemes: who writes the start values, one or more.
        seed: of the start values, and of what is drawn.
        output: the part of the model's outputs that is the logits, where it gives several.

    Raises:
        InittuiError: the model fails on such inputs, or gives no logits.
    """
    from inittui.models.given import Given, given_inputs
    from inittui.training.engine import inspect_starts
    from inittui.training.prepared import prepare_on_given

    given: Given = given_inputs(inputs, targets, seed)
    wanted = Experiment(
        model=ModelConfig(name=_named(model), input=given.texts, output=output),
        inspection=InspectionConfig(images=given.count),
    )
    wanted = _experiment(wanted, schemes, [seed], {})
    return _fold(inspect_starts(prepare_on_given(wanted, given)))


def check(
    model: Model,
    inputs: str | Sequence[str] | Mapping[str, torch.Tensor] | torch.Tensor | None = None,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    limits: Mapping[str, float] | None = None,
) -> CheckResult:
    """Find what is wrong with a model's initialization before it is trained.

    In a test: ``inittui.check(build, "3x32x32").raise_for()``.

    Args:
        model: what builds it, so that it is seen who writes what; or a module, whose values and
            one pass are judged; or a name, as on the command line.
        inputs: a batch [n, …], several by the names of ``forward``'s parameters, or texts as for
            `inspect`; guessed by the first layer where None.
        select: codes of the only rules that are judged, or their beginnings; none: all.
        ignore: codes of rules that aren't.
        limits: other limits of rules, by their names.

    Raises:
        InittuiError: the model's code fails, or a code or a limit doesn't exist.
    """
    from inittui.experiment.check_settings import check_codes
    from inittui.inspection.examine import examine
    from inittui.models.factory import factory_of
    from inittui.results.check_result import CheckResult
    from inittui.results.checking import judge

    check_codes((*select, *ignore))
    if isinstance(model, str):
        factory = factory_of(ModelConfig(name=model))
        facts = examine(factory.build, factory.input or None if inputs is None else inputs)
    else:
        facts = examine(model, inputs)
    return CheckResult(judge(facts, limits=limits, select=select, ignore=ignore), facts)


def load_run(path: str | Path) -> Run:
    """Return what a run's directory holds, as far as it can be read.

    Raises:
        UsageError: ``path`` holds no run.
    """
    from inittui.runs import RunDirectory, load_settled

    return Run.of(load_settled(RunDirectory(Path(path)))[0])


def _fold(events: Iterable[Event]) -> Run:
    state = Run()
    for event in events:
        state.apply(event)
    return state


def _named(model: Model) -> str:
    """Return a name by which this process finds a model.

    Raises:
        UsageError: it is nothing that makes a model.
    """
    from torch import nn

    from inittui.models.observe import twin

    if isinstance(model, str):
        return model
    if isinstance(model, nn.Module):
        return reference_to(partial(twin, model), type(model).__name__)
    if not callable(model):
        raise UsageError(
            f"model must be a name, a module, or what makes one, not a {type(model).__name__}"
        )
    return reference_to(model)


def _experiment(
    base: Experiment | None,
    schemes: str | Iterable[str] | None,
    seeds: int | Sequence[int] | None,
    settings: Mapping[str, Any],
) -> Experiment:
    wanted = with_keywords(base or Experiment(), settings, keeps_schemes=base is not None)
    if schemes is not None:
        wanted = replace(wanted, schemes=_texts(schemes))
    elif base is None and wanted.schemes:
        wanted = replace(wanted, schemes=usual_schemes(wanted.model.name))
    if seeds is not None:
        wanted = replace(wanted, seeds=_seeds(seeds, wanted.seeds[0] if "seed" in settings else 0))
    wanted = replace(wanted, schemes=tuple(str(parse_scheme(text)) for text in wanted.schemes))
    for text in (*wanted.schemes, *wanted.layers.values()):
        for reference in own.references(parse_scheme(text)):
            own.load(reference)
    return wanted


def _texts(schemes: str | Iterable[str]) -> tuple[str, ...]:
    texts = (schemes,) if isinstance(schemes, str) or not isinstance(schemes, Iterable) else schemes
    found = tuple(texts)
    for each in found:
        if not isinstance(each, str):
            raise UsageError(
                f"a scheme is a text, such as 'he_normal', not {each!r}; give a function a name by "
                "@inittui.initializer"
            )
    return found


def _seeds(seeds: int | Sequence[int], first: int) -> tuple[int, ...]:
    """Return so many seeds from the first on, or the seeds themselves."""
    try:
        count = operator.index(seeds)  # type: ignore[arg-type]  # numpy's whole numbers, too
    except TypeError:
        pass
    else:
        if count < 1:
            raise UsageError(f"seeds must be at least 1, not {count}")
        return tuple(range(first, first + count))
    try:
        return tuple(operator.index(each) for each in seeds)  # type: ignore[union-attr]
    except TypeError:
        raise UsageError(f"seeds are a whole number, or several: not {seeds!r}") from None
