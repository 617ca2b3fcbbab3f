"""Options that more than one command has, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inittui.cli.completion import complete_model, complete_scheme
from inittui.experiment.records import ACTIVATIONS, DTYPES, OPTIMIZERS

MODEL, DATA, TRAINING, REPORT, RUN = "Model", "Data", "Training", "Report", "Run"
"""Panels of the help."""

Schemes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SCHEME",
        help="Initializers to compare, NAME\\[:param=value,…]\\[/BIAS]; none: the classic seven. "
        "See 'inittui inits'.",
        autocompletion=complete_scheme,
    ),
]

Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        metavar="PATTERN=SCHEME",
        help="Other initializers for the layers whose name or kind matches, such as "
        "'fc*=he_uniform/ones'; repeat it, later ones win.",
        rich_help_panel=MODEL,
    ),
]
Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="WHAT=VALUES",
        help="Several values, LOW..HIGH:COUNT or 'a|b|c', of an initializer's parameter "
        "(trunc_normal:std=1e-4..1:9) or of a setting (model.depth=2..32:5, "
        "training.lr=1e-4..1e-1:4); several sweeps multiply.",
        autocompletion=complete_scheme,
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run the code (module:function) that the experiment's file names.",
        rich_help_panel=RUN,
    ),
]

ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Model by name, see 'inittui model'; torchvision:NAME; or your own, FILE.py:NAME or "
        "MODULE:NAME. \\[default: mlp]",
        autocompletion=complete_model,
        rich_help_panel=MODEL,
    ),
]
ModelArgs = Annotated[
    list[str] | None,
    typer.Option(
        "--model-arg",
        metavar="KEY=VALUE",
        help="An argument for your own model, or torchvision's; may be repeated.",
        rich_help_panel=MODEL,
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(
        metavar="N,N,…",
        help="Units of the hidden layers. \\[default: the model's]",
        rich_help_panel=MODEL,
    ),
]
Depth = Annotated[int | None, typer.Option(help="Number of hidden layers.", rich_help_panel=MODEL)]
LayerWidth = Annotated[
    int | None,
    typer.Option("--layer-width", help="Units of every hidden layer.", rich_help_panel=MODEL),
]
Activation = Annotated[
    str | None,
    typer.Option(
        "--activation",
        "-a",
        metavar="NAME",
        help=f"{', '.join(ACTIVATIONS)}. \\[default: the model's]",
        rich_help_panel=MODEL,
    ),
]
Dropout = Annotated[
    float | None,
    typer.Option(
        help="Probability of dropping a hidden unit. \\[default: the model's]",
        rich_help_panel=MODEL,
    ),
]
BatchNorm = Annotated[
    bool | None,
    typer.Option(
        "--batch-norm/--no-batch-norm",
        help="Normalise each hidden layer over the batch.",
        rich_help_panel=MODEL,
        show_default=False,
    ),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="CxHxW",
        help="Shape of an input, such as 1x32x32 for colour images in grey.",
        rich_help_panel=MODEL,
    ),
]

DataName = Annotated[
    str | None,
    typer.Option(
        "--data",
        "-d",
        help="Data set; see 'inittui data'. \\[default: fashion-mnist]",
        rich_help_panel=DATA,
    ),
]
Validation = Annotated[
    float | None,
    typer.Option(
        help="Part kept for validation: a share, or a number of images. \\[default: 0.2]",
        rich_help_panel=DATA,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-n",
        metavar="N",
        help="Use N training images, drawn by seed before the split.",
        rich_help_panel=DATA,
    ),
]
Normalize = Annotated[
    str | None,
    typer.Option(
        "--normalize",
        metavar="MEAN,STD",
        help="Subtract MEAN from the pixels, which are in [0, 1], and divide by STD. "
        "\\[default: 0,1]",
        rich_help_panel=DATA,
    ),
]

Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="torch:SEED",
        help="Split as torch.utils.data.random_split does under SEED, whatever the trial's seed.",
        rich_help_panel=DATA,
    ),
]
EvaluateOn = Annotated[
    str | None,
    typer.Option(
        "--evaluate-on",
        metavar="validation|test",
        help="Images that accuracy is measured on: the validation part, or the set's test images. "
        "\\[default: validation]",
        rich_help_panel=DATA,
    ),
]

Epochs = Annotated[
    int | None, typer.Option("--epochs", "-e", help="\\[default: 2]", rich_help_panel=TRAINING)
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", "-b", help="\\[default: 100]", rich_help_panel=TRAINING),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        "--optimizer",
        "-o",
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)}. \\[default: adam]",
        rich_help_panel=TRAINING,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", help="Learning rate. \\[default: 0.001]", rich_help_panel=TRAINING),
]
EvalEvery = Annotated[
    int | None,
    typer.Option(
        "--eval-every",
        metavar="N",
        help="Measure accuracy after every N steps too, and draw its curve.",
        rich_help_panel=TRAINING,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        "-s",
        metavar="N",
        help="Repeat everything with N seeds. \\[default: 1]",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="The first seed. \\[default: 0]", rich_help_panel=TRAINING),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="auto, cpu, cuda, cuda:N or mps. \\[default: auto]",
        rich_help_panel=TRAINING,
    ),
]
DType = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        metavar="NAME",
        help=f"{' or '.join(DTYPES)}. \\[default: float32]",
        rich_help_panel=TRAINING,
    ),
]
Stack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="auto|off|N",
        help="Train all trials at once, one by one, or at most N at once. \\[default: auto]",
        rich_help_panel=TRAINING,
    ),
]

Marker = Annotated[
    str | None,
    typer.Option(
        "--marker",
        metavar="braille|block|ascii",
        help="What curves are drawn with.",
        rich_help_panel=REPORT,
    ),
]
ReportWidth = Annotated[
    int | None,
    typer.Option(
        "--width",
        "-w",
        help="Columns of the report. \\[default: the terminal's, else 80]",
        rich_help_panel=REPORT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=REPORT)
]

CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every",
        metavar="SECONDS",
        min=0,
        help="Save long epochs this often, to go on from there. \\[default: 60]",
        rich_help_panel=RUN,
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE.toml",
        help="Read the experiment from a file; options override it.",
        rich_help_panel=RUN,
    ),
]
RunsDir = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir",
        help="Where runs are kept.",
        envvar="INITTUI_RUNS_DIR",
        rich_help_panel=RUN,
    ),
]
