"""`inittui inspect`: what every layer of a model does, before or after its training."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer
from msgspec.structs import replace

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.completion import one_of_words
from inittui.cli.ignored import typed_options
from inittui.errors import ExitCode, UsageError
from inittui.experiment.known_names import check_names
from inittui.experiment.models import MODELS, image_input
from inittui.experiment.settings import INSPECTION, REPORT
from inittui.text import sanitize

if TYPE_CHECKING:
    from inittui.experiment.records import Experiment
    from inittui.results.state import RunState

NOISE = "noise"
"""In place of a data set: inputs that are drawn, for models that no images fit."""
_LISTED = 12

Moment = Literal["before", "after", "both"]


@opt.with_settings("inspect")
def inspect(
    context: typer.Context,
    schemes: shared.Schemes = None,
    *,
    when: Annotated[
        str,
        typer.Option(
            metavar="|".join(get_args(Moment)),
            help="Measure before the training, which then isn't run, or after it, or both.",
            rich_help_panel=INSPECTION,
            parser=shared.words("--when", "moment", get_args(Moment)),
            autocompletion=one_of_words(get_args(Moment)),
        ),
    ] = "before",
    density: Annotated[
        bool,
        typer.Option(
            "--density",
            help="Give histograms as share of values per unit, not as numbers of values; with a "
            "smooth curve over them where a single moment is shown.",
            rich_help_panel=INSPECTION,
        ),
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Show the layers whose names match, such as 'fc*'.",
            rich_help_panel=INSPECTION,
        ),
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Also show the first values of these layers' weights as they are, such as 'fc1'.",
            rich_help_panel=INSPECTION,
        ),
    ] = None,
    theory: Annotated[
        bool,
        typer.Option(
            "--theory/--no-theory",
            help="Draw what mean-field theory predicts before training, with the range of 95 % of "
            "networks, where it is worked out: plain perceptrons.",
            rich_help_panel=INSPECTION,
        ),
    ] = True,
    run_id: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="ID",
            help="Show what a run has recorded with 'compare --inspect': its ID, or 'last'.",
            rich_help_panel=INSPECTION,
        ),
    ] = None,
    settings: opt.Given,
    marker: shared.Marker = None,
    width: shared.Width = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; see 'inittui schema inspect'.",
            rich_help_panel=REPORT,
        ),
    ] = False,
    quiet: shared.Quiet = False,
    config: shared.Config = None,
    trust: shared.Trust = False,
    runs_dir: shared.RunsDir = None,
) -> None:
    """Measure every layer in one forward and one backward pass over the same images.

    Shows weights, outputs, activations, gradients, and what stands out.
    With '--data noise' inputs are drawn instead of images.
    """
    from inittui.cli.output import print_inspection

    path: Path | None = None
    code = ExitCode.DONE
    if run_id is not None:
        _refuse_others(context)
        state, path = _recorded(run_id, runs_dir)
        _check_only(only, _layers_of(state))
        _check_only(values, _layers_of(state), "--values")
    else:
        if when == "before":
            _refuse_training(context)
        moments = (when != "after", when != "before")
        experiment = opt.build_experiment(
            opt.experiment_file(config, runs_dir),
            schemes,
            {**settings, "inspection": moments},
            trust=trust,
            one=True,
        )
        is_chosen = "data.name" in settings or config is not None
        if when == "before" and not is_chosen and _takes_no_images(experiment):
            experiment = replace(experiment, data=replace(experiment.data, name=NOISE))
        check_names(experiment, on_noise=_is_on_noise(experiment))
        state, code = _measure(experiment, {"--only": only, "--values": values}, quiet=quiet)
    print_inspection(
        state, path, as_json=as_json, width=width, marker=marker, only=only,
        density=density, values=values, theory=theory,
    )  # fmt: skip
    raise typer.Exit(code)


def _is_on_noise(experiment: Experiment) -> bool:
    return experiment.data.name == NOISE and not experiment.inspection.after


def _takes_no_images(experiment: Experiment) -> bool:
    from inittui.experiment.data_sets import describe

    model = experiment.model
    if model.name in MODELS and MODELS[model.name].input is not None:
        return True
    return bool(model.inputs) and image_input(model, describe(experiment.data.name).shape) is None


def _measure(
    experiment: Experiment, patterns: Mapping[str, str | None], *, quiet: bool
) -> tuple[RunState, ExitCode]:
    """Measure, and train where that is asked for; nothing is kept.

    ``patterns`` of layers, by their options, have to match one.
    """
    from inittui.cli.interrupt import orderly_stop
    from inittui.cli.progress import show_progress
    from inittui.cli.run import Outcome, process_start
    from inittui.results.state import RunState

    state = RunState()
    with show_progress(quiet) as progress:
        from inittui.training.engine import inspect_starts, train
        from inittui.training.prepared import prepare, prepare_on_noise

        is_on_noise = _is_on_noise(experiment)
        prepared = (prepare_on_noise if is_on_noise else prepare)(experiment)
        layers = dict.fromkeys(name for each in prepared.variants for name in each.followers)
        for option, pattern in patterns.items():
            _check_only(pattern, layers, option)
        if not experiment.inspection.after:
            for event in inspect_starts(prepared, command=sys.argv):
                state.apply(event)
            return state, ExitCode.DONE
        with orderly_stop() as should_stop:
            events = train(
                prepared,
                should_stop=should_stop,
                command=sys.argv,
                process_started=process_start(),
            )
            for event in events:
                state.apply(event)
                progress(event, state)
    return state, Outcome(state, None, None).exit_code


def _recorded(run_id: str, runs_dir: Path | None) -> tuple[RunState, Path]:
    from inittui.runs import find_run, load_settled, runs_root

    run = find_run(runs_root(runs_dir), run_id)
    state, _ = load_settled(run)
    if not any(trial.probes for trial in state.trials):
        raise UsageError(
            f"run {run.id} has not measured inside its models; 'inittui compare --inspect' does"
        )
    return state, run.path


_WITH_RUN = {
    "run_id",
    "runs_dir",
    "only",
    "values",
    "density",
    "theory",
    "marker",
    "width",
    "as_json",
    "quiet",
}
"""Options that go with --run."""


def _refuse_others(context: typer.Context) -> None:
    """Raise `UsageError` for options that a run of the past can't follow any more."""
    others = {each.name or "" for each in context.command.params} - _WITH_RUN
    if given := typed_options(context, others):
        names = ", ".join(given)
        raise UsageError(f"--run shows what was recorded; it can't be combined with {names}")


_OF_TRAINING = ("training_epochs", "training_batch_size", "training_optimizer", "training_lr",
                "training_stack")  # fmt: skip


def _refuse_training(context: typer.Context) -> None:
    """Raise `UsageError` for options of a training that isn't run."""
    if given := typed_options(context, _OF_TRAINING):
        raise UsageError(
            f"{', '.join(given)} would change nothing: without '--when after' or '--when both' "
            "nothing is trained"
        )


def _layers_of(state: RunState) -> list[str]:
    probes = (event.probe for trial in state.trials for event in trial.probes[:1])
    return list(dict.fromkeys(layer.name for probe in probes for layer in probe.layers))


def _check_only(pattern: str | None, names: Iterable[str], option: str = "--only") -> None:
    """Raise `UsageError` for a pattern that matches no layer."""
    known = list(names)
    if pattern is None or any(fnmatch.fnmatchcase(name, pattern) for name in known):
        return
    listed = sanitize(", ".join(known[:_LISTED]), 300)
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    raise UsageError(
        f"{option}: no layer matches '{sanitize(pattern, 60)}'; the layers are: {listed}{more}"
    )
