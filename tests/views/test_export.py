"""Runs as files for others, read back by what shall read them."""

from __future__ import annotations

import csv
import html.parser
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from inittui.documents.json_documents import schema
from inittui.documents.table import COLUMNS
from inittui.errors import InittuiError, MachineError, UsageError
from inittui.runs import RunDirectory, load_settled
from inittui.views.export import export_run
from inittui.views.export_formats import FORMATS
from tests.support.commands import Command, command_of, invoke
from tests.support.runs import EXPERIMENT, STEPS_PER_EPOCH, accuracy, loss, record

HOSTILE = '</script><script>alert(1)</script>@DATA@ & "\x1b]0;title\x07\u202e@TITLE@{code}'


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return record(tmp_path / "runs")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(monkeypatch, capsys)


@pytest.fixture
def hostile(tmp_path: Path) -> RunDirectory:
    made = record(tmp_path / "runs", replace(EXPERIMENT, name=HOSTILE))
    escaped = json.dumps(HOSTILE)[1:-1].encode()
    made.log.write_bytes(made.log.read_bytes().replace(b"normal:std=0.05", escaped))
    return made


def exported(run: RunDirectory, form: str, folder: Path) -> Path:
    return export_run(run, load_settled(run)[0], form, folder)


def test_json_follows_its_schema(run: RunDirectory, tmp_path: Path) -> None:
    document = json.loads(exported(run, "json", tmp_path).read_text())
    jsonschema.validate(document, schema("compare"))
    assert document["trials"][1]["loss"][3] == loss(1, 3)


def test_csv_has_the_documented_columns(run: RunDirectory, tmp_path: Path) -> None:
    path = exported(run, "csv", tmp_path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == tuple(COLUMNS)
    assert [(row["scheme"], row["epoch"]) for row in rows] == [
        ("zeros", "1"), ("zeros", "2"), ("rule", "1"), ("rule", "2"), ("normal:std=0.05", "1"),
    ]  # fmt: skip
    assert float(rows[3]["val_accuracy"]) == accuracy(1, 1)
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_csv_opens_in_pandas(run: RunDirectory, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(exported(run, "csv", tmp_path))
    assert tuple(table.columns) == tuple(COLUMNS)
    assert table["val_accuracy"].dtype == float


def test_svg_is_a_drawing_that_fetches_nothing(run: RunDirectory, tmp_path: Path) -> None:
    path = exported(run, "svg", tmp_path)
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = "".join(root.itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "training loss" in words
    assert run.id in words
    assert "url(https" not in path.read_text().replace(" ", "").replace('"', "")
    assert "@font-face" not in path.read_text()


class ScrollPage(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.data = self.words = ""
        self._in: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not {"src", "href", "onload", "onerror"} & set(given), (tag, given)
        if tag == "script":
            self.scripts.append(given)
        if tag not in ("meta", "link"):
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._in.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self._in:
            self.data += data
        elif "code" in self._in:
            self.words += data


@pytest.mark.parametrize("kind", ["run", "hostile"])
def test_html_is_one_file_with_the_report_and_the_document(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run: RunDirectory = request.getfixturevalue(kind)
    text = exported(run, "html", tmp_path).read_text()
    page = ScrollPage(text)
    assert page.scripts == [{"type": "application/json", "id": "inittui-run"}]
    document = json.loads(page.data)
    jsonschema.validate(document, schema("compare"))
    assert document["trials"][0]["loss"][0] == loss(0, 0)
    assert "training loss" in page.words
    assert "url(" not in text
    assert "@import" not in text
    if kind == "hostile":
        assert document["run"]["name"] == HOSTILE


@pytest.mark.parametrize("form", ["json", "csv", "svg", "html"])
def test_hostile_names_leave_no_control_characters(
    hostile: RunDirectory, tmp_path: Path, form: str
) -> None:
    text = exported(hostile, form, tmp_path).read_text()
    unsafe = {c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0}
    assert not unsafe | (set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2069"))
    if form == "svg":
        ET.fromstring(text)


def test_html_opens_in_a_browser(run: RunDirectory, tmp_path: Path) -> None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        pytest.skip("there is no Chromium here")
    page = exported(run, "html", tmp_path)
    shown = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "training loss" in shown.stdout


needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="the extra tensorboard is missing"
)


@needs_tensorboard
def test_tensorboard_s_own_reader_finds_every_value(run: RunDirectory, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = exported(run, "tensorboard", tmp_path)
    folders = sorted(path.name for path in folder.iterdir())
    assert folders == ["000-zeros-seed0", "001-rule-seed0", "002-normal_std=0_05-seed0"]
    read = EventAccumulator(str(folder / "001-rule-seed0"), {"scalars": 0})
    read.Reload()
    assert sorted(read.Tags()["scalars"]) == [
        "accuracy/validation", "loss/train", "loss/validation",
    ]  # fmt: skip
    losses = read.Scalars("loss/train")
    assert [event.step for event in losses] == list(range(2 * STEPS_PER_EPOCH))
    # TensorBoard keeps float32.
    assert [e.value for e in losses] == pytest.approx([loss(1, s) for s in range(40)], rel=1e-6)
    times = [event.wall_time for event in losses]
    assert times == sorted(times)
    assert (times[0], max(times)) == (1.0, 4.0)
    found = [(event.step, event.value) for event in read.Scalars("accuracy/validation")]
    assert [step for step, _ in found] == [20, 40]
    assert [v for _, v in found] == pytest.approx([accuracy(1, 0), accuracy(1, 1)])
    diverged = EventAccumulator(str(folder / "002-normal_std=0_05-seed0"), {"scalars": 0})
    diverged.Reload()
    assert math.isnan(diverged.Scalars("loss/train")[-1].value)


@needs_tensorboard
def test_what_was_measured_on_test_images_is_named_so(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = replace(EXPERIMENT.data, evaluate_on="test")
    folder = exported(record(tmp_path, replace(EXPERIMENT, data=data)), "tensorboard", tmp_path)
    read = EventAccumulator(str(folder / "001-rule-seed0"), {"scalars": 0})
    read.Reload()
    assert sorted(read.Tags()["scalars"]) == ["accuracy/test", "loss/test", "loss/train"]


@needs_tensorboard
def test_schemes_of_a_hostile_log_name_no_folder_elsewhere(tmp_path: Path) -> None:
    run = record(tmp_path / "runs")
    run.log.write_bytes(run.log.read_bytes().replace(b"normal:std=0.05", b"../../../up/.."))
    folder = exported(run, "tensorboard", tmp_path)
    assert sorted(path.name for path in folder.iterdir())[2] == "002-_up_-seed0"
    assert {path.name for path in tmp_path.iterdir()} == {"runs", folder.name}


@needs_tensorboard
def test_only_an_earlier_export_is_replaced_by_a_folder(run: RunDirectory, tmp_path: Path) -> None:
    state, _ = load_settled(run)
    folder = export_run(run, state, "tensorboard", tmp_path)
    assert export_run(run, state, "tensorboard", folder.parent, overwrite=True) == folder
    mine = tmp_path / "mine"
    shutil.copytree(folder, mine)
    (mine / "000-zeros-seed0" / "thesis.tex").write_text("mine")
    (folder / "notes").mkdir()
    (folder / "notes" / "a").write_text("mine")
    with pytest.raises(UsageError, match="more than event files"):
        export_run(run, state, "tensorboard", tmp_path, overwrite=True)
    assert (folder / "notes" / "a").read_text() == "mine"


def test_a_missing_package_is_named_in_one_line(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [n for n in sys.modules if n.startswith("tensorboard.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MachineError, match=r"pip install 'inittui\[tensorboard\]'"):
        exported(run, "tensorboard", tmp_path)


def test_parquet_is_made_in_a_file_and_through_a_pipe(run: RunDirectory, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is missing")
    options = ("--format", "parquet", "--runs-dir", str(run.path.parent))
    made = Path(invoke("runs", "export", "-o", str(tmp_path), *options).stdout.strip())
    assert made == tmp_path / f"inittui-{run.id}.parquet"
    assert parquet.read_table(made).num_rows == 5
    piped = invoke("runs", "export", "-o", "-", *options)
    assert piped.stdout_bytes == made.read_bytes()


def test_parquet_is_not_written_to_a_terminal(
    run: RunDirectory, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    options = ("-f", "parquet", "-o", "-", "--runs-dir", run.path.parent)
    refused = command("runs", "export", *options)
    assert (refused.code, refused.out) == (2, "")
    assert "name a file with --output" in refused.err


def test_a_missing_pyarrow_is_named_in_one_line(
    run: RunDirectory, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    options = ("-f", "parquet", "-o", tmp_path / "run.parquet", "--runs-dir", run.path.parent)
    refused = command("runs", "export", *options)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "pip install 'inittui[parquet]'" in refused.err
    assert not (tmp_path / "run.parquet").exists()


def test_what_is_there_is_replaced_only_by_force(run: RunDirectory, tmp_path: Path) -> None:
    state, _ = load_settled(run)
    for form in (form for form in FORMATS if form not in ("parquet", "tensorboard")):
        path = export_run(run, state, form, tmp_path)
        path.write_text("mine")
        with pytest.raises(UsageError, match="--force"):
            export_run(run, state, form, tmp_path)
        assert path.read_text() == "mine"
        export_run(run, state, form, tmp_path, overwrite=True)
        assert path.read_text() != "mine"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_device_is_never_replaced(run: RunDirectory, tmp_path: Path) -> None:
    state, _ = load_settled(run)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # what root's /dev/null is to a rename
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    for overwrite in (True, False):
        export_run(run, state, "json", pipe, overwrite=overwrite)
        assert pipe.is_fifo()
        assert json.loads(os.read(reader, 2**20))["run"]["id"] == run.id
    os.close(reader)


def test_a_file_that_cannot_be_written_is_one_line(run: RunDirectory, tmp_path: Path) -> None:
    state, _ = load_settled(run)
    with pytest.raises(InittuiError, match="can't write"):
        export_run(run, state, "json", tmp_path / "nowhere" / "run.json")
    with pytest.raises(UsageError, match="there is no format 'pickle'"):
        export_run(run, state, "pickle", tmp_path)


def test_the_command_prints_the_name_of_the_file(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--runs-dir", str(run.path.parent))
    done = invoke("runs", "export", "last", "--format", "csv", *options)
    assert done.stdout == f"{tmp_path / f'inittui-{run.id}.csv'}\n"
    other = ("runs", "export", "-f", "svg", "-o", "a.svg", *options)
    assert invoke(*other).stdout == "a.svg\n"
    again = invoke(*other)
    assert isinstance(again.exception, UsageError)
    assert invoke(*other, "--force").exit_code == 0
    piped = invoke("runs", "export", "-f", "json", "-o", "-", *options)
    assert json.loads(piped.stdout)["run"]["id"] == run.id
    refused = invoke("runs", "export", "-f", "tensorboard", "-o", "-", *options)
    assert isinstance(refused.exception, UsageError)
