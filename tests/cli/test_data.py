"""`inittui data` and `inittui data show` as a person and as a script use them."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pytest
from rich.cells import cell_len

from benchmarks.terminals import UI, Terminal
from inittui.data import sets
from inittui.experiment import data_sets
from inittui.experiment.data_sets import DATA_SETS, Archive
from inittui.views.images import RAMP
from tests.support.commands import MAIN, Command, command_of, python
from tests.support.tiny_sets import publish

CLASSES = DATA_SETS["fashion-mnist"].classes


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that the tests share, so that fashion-mnist is decoded once."""
    return tmp_path_factory.mktemp("decoded")


@pytest.fixture
def inittui(
    decoded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("INITTUI_CACHE_DIR", str(decoded))
    for name in ("INITTUI_DATA_DIR", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    return command_of(monkeypatch, capsys)


def test_the_list_has_every_set_in_eighty_columns(inittui: Command) -> None:
    result = inittui("data")
    assert (result.code, result.err) == (0, "")
    header, *rows = result.out.splitlines()
    assert header.split() == ["set", "state", "size", "images", "place"]
    assert [row.split()[0] for row in rows] == list(DATA_SETS)
    assert rows[0].split()[1:5] == ["shipped", "30.9", "MB", "70,000"]
    assert rows[-1].split()[1:] == ["not", "here", "170", "MB", "60,000", "to", "download"]
    assert max(map(len, result.out.splitlines())) <= 80


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_nothing_is_wider_than_asked(inittui: Command, width: int) -> None:
    for arguments in (["data"], ["data", "show", "--count", "3"]):
        result = inittui(*arguments, "--width", width)
        assert result.code == 0
        assert max(map(cell_len, result.out.splitlines())) <= width


def test_a_long_place_is_shortened_in_the_middle(
    inittui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / ("long" * 30)
    (root / "MNIST" / "raw").mkdir(parents=True)
    (root / "MNIST" / "raw" / DATA_SETS["mnist"].archives[0].name).touch()
    monkeypatch.setenv("INITTUI_DATA_DIR", str(root))
    row = next(line for line in inittui("data").out.splitlines() if line.startswith("mnist"))
    assert row.split()[1] == "damaged"
    assert "…" in row
    assert row.rstrip().endswith("/MNIST/raw")
    assert len(row) <= 80


def test_damage_is_said_on_stderr(
    inittui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path))
    result = inittui("data")
    assert result.code == 0
    assert result.out.splitlines()[1].split()[1] == "damaged"
    name = folder / "train-images-idx3-ubyte.gz"
    assert result.err.startswith(f"inittui: {name} is damaged: expected 26,421,880 bytes, found 4")
    result = inittui("data", "show")
    assert (result.code, result.out) == (4, "")
    assert result.err.count("\n") == 1


def test_json_tells_all_in_one_document(inittui: Command) -> None:
    result = inittui("data", "--json")
    document = json.loads(result.out)
    assert document["schema"] == "inittui.data/1"
    assert [each["name"] for each in document["sets"]] == list(DATA_SETS)
    first = document["sets"][0]
    assert first["classes"] == list(CLASSES)
    assert first["shape"] == [1, 28, 28]
    assert (first["state"], first["train"], first["test"]) == ("shipped", 60_000, 10_000)
    assert Path(first["place"]).is_dir()
    other = document["sets"][1]
    assert (other["place"], other["bytes"], other["problem"]) == (None, None, None)


def test_show_draws_twenty_with_names_and_counts(inittui: Command) -> None:
    result = inittui("data", "show")
    assert (result.code, result.err) == (0, "")
    title, moments, _, *rest = result.out.splitlines()
    assert title.startswith("Fashion-MNIST")
    assert moments == "training pixels in [0, 1]: mean 0.2860, standard deviation 0.3530"
    images, counts = rest[:35], rest[36:]
    captions = images[7::9]
    assert len(captions) == 4
    for caption in captions:
        names = [caption[start : start + 16].strip() for start in range(0, 80, 16)]
        assert set(names) <= set(CLASSES)
    drawn = "".join(line for number, line in enumerate(images) if number % 9 != 7)
    assert set(drawn) <= set(RAMP)
    assert len(set(drawn)) >= 8
    assert [row.rsplit(maxsplit=3)[:3] for row in counts[1:]] == [
        [name, "6,000", "1,000"] for name in CLASSES
    ]


def test_show_tells_the_same_in_json(inittui: Command) -> None:
    result = inittui("data", "show", "--count", 3, "--class", "Bag", "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["schema"] == "inittui.data.show/1"
    assert (document["name"], document["shape"]) == ("fashion-mnist", [1, 28, 28])
    assert document["mean"] == [pytest.approx(0.2860405969887955, rel=1e-15)]
    assert document["std"] == [pytest.approx(0.35302424451492254, rel=1e-15)]
    assert document["classes"] == [{"name": n, "train": 6_000, "test": 1_000} for n in CLASSES]
    assert [each["class"] for each in document["drawn"]] == ["Bag"] * 3


def test_help_and_readme_name_the_variable(inittui: Command) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    for text in (inittui("data", "--help").out, readme.read_text(encoding="utf-8")):
        assert "INITTUI_DATA_DIR" in text
        assert "INITTUI_CACHE_DIR" in text


@pytest.mark.parametrize("is_there", [False, True])
def test_a_data_directory_without_any_set_is_told(
    inittui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    root = tmp_path / "root"
    if is_there:
        root.mkdir()
    monkeypatch.setenv("INITTUI_DATA_DIR", str(root))
    result = inittui("data")
    assert result.err == f"inittui: INITTUI_DATA_DIR={root} has none of these sets\n"
    assert result.out.splitlines()[1].split()[1] == "shipped"


def test_colours_have_a_mean_and_a_deviation_each(
    inittui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description, arrays = publish("cifar10", tmp_path)
    known = {**DATA_SETS, "cifar10": description}
    monkeypatch.setattr(data_sets, "DATA_SETS", known)
    monkeypatch.setattr(sets, "DATA_SETS", known)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path))
    pixels = arrays.train.images.astype(float) / 255
    mean, deviation = (
        ", ".join(f"{x:.4f}" for x in found)
        for found in (pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)))
    )
    shown = inittui("data", "show", "cifar10", "--count", 1, "--width", 200).out.splitlines()[1]
    deviations = f"standard deviation {deviation} of red, green, blue"
    assert shown == f"training pixels in [0, 1]: mean {mean}, {deviations}"
    listed = inittui("data")
    assert listed.err == "", "the directory has a set, though it is the decoded one that is listed"
    assert listed.out.splitlines()[-1].split()[:2] == ["cifar10", "cached"]


def test_the_same_seed_draws_the_same_images(inittui: Command) -> None:
    first = inittui("data", "show", "--count", 4).out
    assert inittui("data", "show", "--count", 4, "--seed", 0).out == first
    assert inittui("data", "show", "--count", 4, "--seed", 1).out != first


@pytest.mark.parametrize("name", ["Sneaker", "sneaker", "SNEAKER"])
def test_one_class_alone(inittui: Command, name: str) -> None:
    lines = inittui("data", "show", "--count", 5, "--class", name).out.splitlines()
    assert lines[10].split() == ["Sneaker"] * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "fashion_mnist"], "there is no data set 'fashion_mnist'; did you mean 'fashion-"),
        (["show", "--class", "sneeker"], "there is no class 'sneeker'; did you mean 'Sneaker'?"),
        (["show", "--class", "\x1b[31m"], "there is no class '\N{REPLACEMENT CHARACTER}[31m'; "),
        (["show", "--count", 0], "--count must be from 1 to 1,000, not 0"),
        (["show", "--count", -1], "--count must be from 1 to 1,000, not -1"),
        (["show", "--count", 1_001], "--count must be from 1 to 1,000, not 1001"),
        (["show", "--width", 3], "--width must be from 20 to 1,000, not 3"),
        (["--width", 3], "--width must be from 20 to 1,000, not 3"),
    ],
)
def test_mistakes_are_one_clear_line(
    inittui: Command, arguments: list[object], message: str
) -> None:
    result = inittui("data", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"inittui: {message}")
    assert result.err.count("\n") == 1


def test_more_images_than_there_are_is_refused(
    inittui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def idx(*shape: int) -> bytes:
        size = 784 * shape[0] if len(shape) > 1 else shape[0]
        header = bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
        return gzip.compress(header + bytes(size))

    files = [idx(3, 28, 28), idx(3), idx(2, 28, 28), idx(2)]
    real = DATA_SETS["mnist"]
    archives = tuple(
        Archive(archive.name, md5(content).hexdigest(), archive.contents)
        for archive, content in zip(real.archives, files, strict=True)
    )
    folder = tmp_path / real.folder
    folder.mkdir(parents=True)
    for archive, content in zip(archives, files, strict=True):
        (folder / archive.name).write_bytes(content)
    known = {"mnist": replace(real, train=3, test=2, archives=archives)}
    monkeypatch.setattr(data_sets, "DATA_SETS", known)
    monkeypatch.setattr(sets, "DATA_SETS", known)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path))
    result = inittui("data", "show", "mnist")
    assert (result.code, result.err) == (
        2,
        "inittui: --count 20 is more than the 3 images there are\n",
    )
    result = inittui("data", "show", "mnist", "--count", 3)
    assert result.code == 0
    # Black throughout: no character of the ramp but the space.
    assert result.out.splitlines()[4].strip() == ""


def in_new_process(decoded: Path, *arguments: str, **variables: str) -> str:
    return python(MAIN, *arguments, INITTUI_CACHE_DIR=str(decoded), **variables).stdout


def test_an_ascii_locale_gets_ascii(decoded: Path) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for width in ("20", "80"):
        for arguments in (["data"], ["data", "show", "--count", "5"]):
            assert in_new_process(decoded, *arguments, "--width", width, **plain).isascii()


def test_forced_colour_draws_half_blocks_and_no_color_doesnt(decoded: Path) -> None:
    colour = {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
    arguments = ("data", "show", "--count", "2")
    drawn = in_new_process(decoded, *arguments, **colour)
    assert "▀" in drawn
    assert "\x1b[38;2;" in drawn
    assert "▀" not in in_new_process(decoded, *arguments, **colour, NO_COLOR="1")


@pytest.mark.pty
def test_a_terminal_gets_half_blocks_in_its_width(decoded: Path) -> None:
    environment = {"INITTUI_CACHE_DIR": str(decoded)}
    command = [*UI, "data", "show", "--count", "2"]
    with Terminal(command, size=(40, 24), environment=environment) as terminal:
        assert terminal.wait_for_end() == 0
        text = terminal.text
    blocks = [line.count("▀") for line in text.splitlines() if "▀" in line]
    assert blocks == [2 * 19] * len(blocks)
    assert blocks


@pytest.mark.parametrize("arguments", [["data"], ["data", "show"]])
def test_neither_command_needs_torch(decoded: Path, arguments: list[str]) -> None:
    code = (
        "import sys\nfrom inittui.cli.main import main\n"
        f"sys.argv = {['inittui', *arguments]!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    ran = python(code, INITTUI_CACHE_DIR=str(decoded))
    assert ran.stderr == "False\n"
