"""Sets that don't come with inittui: fetched from a local server, then read."""

from __future__ import annotations

import io
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from inittui.data import archives, cache, decoding, download, sets
from inittui.data.sets import load, read
from inittui.errors import ExitCode, MachineError
from inittui.experiment import data_sets
from inittui.experiment.data_sets import DATA_SETS, SetDescription
from tests.support.tiny_sets import Publish, add_member, same

OTHERS = [name for name in DATA_SETS if name != "fashion-mnist"]
TORCHVISION = {
    "mnist": "MNIST", "kmnist": "KMNIST", "qmnist": "QMNIST", "emnist-balanced": "EMNIST",
    "cifar10": "CIFAR10", "fashion-mnist": "FashionMNIST",
}  # fmt: skip
"""The class in torchvision.datasets that reads a set."""
NOBODY = "http://127.0.0.1:1/"
"""Port 1 on this machine: the connection is refused at once."""


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def requests() -> list[str]:
    """The paths that the server was asked for."""
    return []


@pytest.fixture
def server(served: Path, requests: list[str]) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(served))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            if self.command == "GET":
                requests.append(self.path)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client may hang up on an answer."""

    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


Mirror = Callable[[SetDescription, str], None]


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """Let a set's archives be fetched from below an address, after a mirror that is down."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def at(description: SetDescription, address: str) -> None:
        served = replace(description, mirrors=(NOBODY, address))
        known = {**sets.DATA_SETS, description.name: served}
        monkeypatch.setattr(data_sets, "DATA_SETS", known)
        monkeypatch.setattr(sets, "DATA_SETS", known)

    return at


@pytest.fixture
def published(
    tiny: Publish, served: Path, server: str, mirror: Mirror
) -> Callable[[str], tuple[SetDescription, object]]:
    def publish(name: str) -> tuple[SetDescription, object]:
        description, arrays = tiny(name, served)
        folder = served / description.folder
        for archive in description.archives:
            (folder / archive.name).rename(served / archive.name)
        mirror(description, server)
        return description, arrays

    return publish


Published = Callable[[str], tuple[SetDescription, object]]


@pytest.mark.parametrize("name", OTHERS)
def test_is_downloaded_once_decoded_and_kept(
    name: str,
    published: Published,
    requests: list[str],
    cache_dir: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    description, arrays = published(name)
    assert same(read(name), arrays)
    folder = cache_dir / "data" / description.folder
    assert {archive.name for archive in description.archives} <= {p.name for p in folder.iterdir()}
    assert cache.read(description) is not None
    out, err = capfd.readouterr()
    assert out == ""
    size = f"{description.download_bytes / 1e6:.0f} MB"
    assert err == f"inittui: downloading {name} ({size}) to {folder}\n"
    asked = len(requests)
    assert same(read(name), arrays)
    assert len(requests) == asked
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("terminal", ["xterm-256color", "dumb"])
def test_progress_is_shown_on_a_terminal_that_can_and_cleared(
    terminal: str,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    description, _ = published("mnist")
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    read("mnist")
    first, *lines = capsys.readouterr().err.split("\n")
    assert first.startswith("inittui: downloading mnist")
    if terminal == "dumb":
        assert lines == [""]
        return
    shown = [each.strip() for each in "".join(lines).split("\r")]
    names = [archive.name for archive in description.archives]
    assert [each for each in shown if each] == [f"{name}: 0 of 0 MB" for name in names]
    assert lines[-1].endswith("\r")


@pytest.mark.parametrize("name", OTHERS)
def test_tensors_are_what_torchvision_reads_from_the_same_files(
    name: str, published: Published, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    description, _ = published(name)
    data = load(name)
    known = getattr(datasets, TORCHVISION[description.name])
    monkeypatch.setattr(known, "_check_integrity", lambda self: True, raising=False)
    monkeypatch.setattr(known, "_load_meta", lambda self: None, raising=False)
    root = cache_dir / "data"
    folder = root / description.folder
    _unpack(description, folder)
    for part, is_train in ((data.train, True), (data.test, False)):
        more = {"split": "balanced"} if name == "emnist-balanced" else {}
        theirs = known(root, train=is_train, **more)
        images = torch.as_tensor(theirs.data)
        if name == "cifar10":
            images = images.permute(0, 3, 1, 2)
        elif name == "emnist-balanced":
            images = images.transpose(1, 2).unsqueeze(1)  # torchvision leaves them on their side
        else:
            images = images.unsqueeze(1)
        targets = torch.as_tensor(theirs.targets)
        assert torch.equal(part.images, images)
        assert torch.equal(part.labels, targets[:, 0] if name == "qmnist" else targets)


def _unpack(description: SetDescription, folder: Path) -> None:
    """Unpack archives where torchvision looks for their contents."""
    from torchvision.datasets.utils import extract_archive

    for archive in description.archives:
        extract_archive(str(folder / archive.name), str(folder))
    for packed in (folder / "gzip").glob("*balanced*"):
        extract_archive(str(packed), str(folder))


@pytest.mark.parametrize("name", DATA_SETS)
def test_checksums_mirrors_and_classes_are_torchvisions(name: str) -> None:
    from torchvision import datasets

    description = DATA_SETS[name]
    known = getattr(datasets, TORCHVISION[description.name])
    if name == "qmnist":
        resources = [each for part in ("train", "test") for each in known.resources[part]]
        theirs, urls = [md5 for _, md5 in resources], [url for url, _ in resources]
    elif name == "emnist-balanced":
        theirs, urls = [known.md5], [known.url]
        assert list(description.classes) == known.classes_split_dict["balanced"]
    elif name == "cifar10":
        theirs, urls = [known.tgz_md5], [known.url]
    else:
        theirs = [md5 for _, md5 in known.resources]
        urls = [mirror + file for mirror in known.mirrors for file, _ in known.resources]
    ours = [mirror + a.name for mirror in description.mirrors for a in description.archives]
    assert [archive.md5 for archive in description.archives] == theirs
    assert ours == urls


def test_fashion_mnist_is_downloaded_where_it_wasnt_shipped(
    published: Published, monkeypatch: pytest.MonkeyPatch, cache_dir: Path
) -> None:
    _, arrays = published("fashion-mnist")
    downloads = ("downloads", cache_dir / "data")
    monkeypatch.setattr(archives, "_roots", lambda: [downloads])
    assert same(read("fashion-mnist"), arrays)


def test_only_what_is_missing_or_damaged_is_downloaded(
    published: Published, requests: list[str], served: Path, cache_dir: Path
) -> None:
    description, arrays = published("mnist")
    folder = cache_dir / "data" / description.folder
    folder.mkdir(parents=True)
    whole, interrupted, *_ = (archive.name for archive in description.archives)
    (folder / whole).write_bytes((served / whole).read_bytes())
    (folder / interrupted).write_bytes((served / interrupted).read_bytes()[:-1])
    assert same(read("mnist"), arrays)
    assert set(requests) == {f"/{each.name}" for each in description.archives[1:]}


def test_files_placed_by_hand_need_no_network(
    tiny: Publish, mirror: Mirror, cache_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    description, arrays = tiny("kmnist", cache_dir / "data")
    mirror(description, NOBODY)
    assert same(read("kmnist"), arrays)
    assert capfd.readouterr() == ("", "")


def test_a_given_root_is_used_and_not_written_to(
    tiny: Publish, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description, arrays = tiny("cifar10", tmp_path / "root")
    mirror(description, NOBODY)
    monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "root"))
    before = sorted((tmp_path / "root").rglob("*"))
    assert same(read("cifar10"), arrays)
    assert sorted((tmp_path / "root").rglob("*")) == before


@pytest.mark.parametrize("name", OTHERS)
def test_offline_says_in_one_line_how_to_place_the_files(
    name: str, mirror: Mirror, cache_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    description = DATA_SETS[name]
    mirror(description, NOBODY)
    with pytest.raises(MachineError) as caught:
        load(name)
    line = str(caught.value)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "\n" not in line
    assert f"can't download {name}" in line
    assert "Connection refused" in line
    assert line.endswith(f" in {cache_dir / 'data' / description.folder}")
    assert all(archive.name in line for archive in description.archives)
    assert capfd.readouterr() == ("", ""), "no download is announced that never begins"


def test_a_mirror_with_other_contents_is_refused(published: Published, served: Path) -> None:
    description, _ = published("mnist")
    for archive in description.archives:
        (served / archive.name).write_bytes(b"<html>Please log in to this network</html>")
    with pytest.raises(MachineError, match=r"can't download mnist \(its server sent 42 bytes of"):
        read("mnist")
    assert cache.read(description) is None


def test_a_silent_server_is_given_up(
    tiny: Publish,
    mirror: Mirror,
    served: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    description, _ = tiny("emnist-balanced", served)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mirror(description, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        monkeypatch.setattr(download, "SILENCE_SECONDS", 0.2)
        with pytest.raises(MachineError, match="timed out"):
            read("emnist-balanced")
    assert socket.getdefaulttimeout() is None


def test_a_cache_that_cant_be_written_is_said(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(DATA_SETS["mnist"], NOBODY)
    (tmp_path / "file").touch()
    monkeypatch.setenv("INITTUI_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(MachineError, match="Not a directory"):
        read("mnist")


def test_a_pickle_that_would_run_code_is_refused(tiny: Publish, tmp_path: Path) -> None:
    description, _ = tiny("cifar10", tmp_path)
    archive = tmp_path / description.archives[0].name
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as written:
        add_member(written, "test_batch", b"cposix\nsystem\n(S'touch ran'\ntR.")
    archive.write_bytes(packed.getvalue())
    with pytest.raises(MachineError, match=r"is damaged: it asks for posix\.system"):
        decoding.decode(description, archives.files_in(description, tmp_path))


def test_labels_beyond_the_classes_are_refused(tiny: Publish, tmp_path: Path) -> None:
    from dataclasses import replace

    description, arrays = tiny("mnist", tmp_path)
    highest = int(max(arrays.train.labels.max(), arrays.test.labels.max()))
    fewer = replace(description, classes=description.classes[:highest])
    with pytest.raises(MachineError, match=f"expected labels from 0 to {highest - 1}, found"):
        decoding.decode(fewer, archives.files_in(fewer, tmp_path / description.folder))
