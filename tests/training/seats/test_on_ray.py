"""Seats on a real Ray cluster of two nodes, all on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inittui.data import sets
from inittui.errors import MachineError, UsageError
from inittui.events.records import EpochEnded, Event
from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.initializers import own
from inittui.results.state import RunState
from inittui.training.checkpoints import CheckpointStore
from inittui.training.cluster import connect
from inittui.training.engine import train
from inittui.training.prepared import prepare
from tests.support.commands import inittui
from tests.support.tiny_sets import publish
from tests.support.torture import TORTURE

OWN = """
import torch
from helper import LOW

def halves(tensor):
    return tensor.copy_(torch.linspace(LOW, 0.5, tensor.numel()).reshape(tensor.shape))
"""

CONNECT = "import sys; from inittui.training.cluster import connect; connect(sys.argv[1])"


def wanted(on: str, *schemes: str, epochs: int = 3) -> Experiment:
    return Experiment(
        schemes=schemes,
        model=ModelConfig(hidden=(16,)),
        data=DataConfig(limit=1_500),
        training=TrainingConfig(epochs=epochs, stack=2, devices="cpu:2", on=on),
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without a CPU."""
    pytest.importorskip("ray", reason="needs ray: pip install 'inittui[ray]'")
    from ray.cluster_utils import Cluster

    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's workers stand back (15) for whatever else a machine does: here, for other tests.
        "RAY_worker_niceness": "0",
        # A lost node refuses connections, and is dead to the cluster after two.
        "RAY_health_check_initial_delay_ms": "0",
        "RAY_health_check_period_ms": "500",
        "RAY_health_check_failure_threshold": "2",
    }
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.nodes = []
    yield made
    import ray

    ray.shutdown()
    made.shutdown()


@pytest.fixture
def of_two(cluster: Any) -> Any:
    while len(cluster.nodes) < 2:
        cluster.nodes.append(cluster.add_node(num_cpus=1))
    return cluster


@pytest.fixture
def own_handler() -> Iterator[object]:
    def handler(_number: int, _frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, handler)
    yield handler
    signal.signal(signal.SIGTERM, before)


def followed(events: Iterator[Event], see: Callable[[Event], None] = lambda _: None) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
        see(event)
    return state


def numbers(state: RunState) -> list[object]:
    return [
        (
            trial.status,
            trial.losses.tobytes(),
            [each.digest for each in trial.start],
            [(each.val_loss, each.val_accuracy) for each in trial.epochs],
        )
        for trial in state.trials
    ]


def locally(experiment: Experiment) -> RunState:
    """What two processes on this machine come to, of one thread each as those of the cluster."""
    import torch

    training = msgspec.structs.replace(experiment.training, on="local")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        return followed(train(prepare(msgspec.structs.replace(experiment, training=training))))
    finally:
        torch.set_num_threads(before)


def test_a_cluster_gives_bitwise_what_this_machine_gives_though_a_node_is_lost(
    of_two: Any, tmp_path: Path, own_handler: object, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "theirs.py"
    file.write_text(OWN)
    helper = tmp_path / "helper.py"
    helper.write_text("LOW = -0.5\n")
    own.load(f"{file}:halves")
    schemes = ("rule", "normal", "zeros", f"{file}:halves")
    experiment = wanted(f"ray:{of_two.address}", *schemes)
    here = locally(experiment)
    prepared = prepare(experiment)
    of_two.remove_node(of_two.nodes.pop(), allow_graceful=False)
    events = train(prepared, checkpoints=CheckpointStore(tmp_path / "checkpoints"))
    lost: list[str] = []

    def lose(event: Event) -> None:
        # The only node that is left, so it has work to lose however slowly processes begin. The
        # other process waits for a place and finds it on the node that comes.
        if isinstance(event, EpochEnded) and not lost:
            # Ray's own would end the process without a word in the log.
            assert signal.getsignal(signal.SIGTERM) is own_handler
            lost.append("a node")
            of_two.remove_node(of_two.nodes.pop(), allow_graceful=False)
            helper.unlink()  # what the nodes need was shipped
            of_two.nodes.append(of_two.add_node(num_cpus=1))

    there = followed(events, lose)
    assert capfd.readouterr() == ("", "")  # stdout is for results
    assert numbers(there) == numbers(here)
    assert lost and any("was lost" in note for note in there.notes)
    assert all(socket.gethostname() in trial.place for trial in there.trials)


def test_code_that_was_sent_is_gone_when_the_run_has_ended(of_two: Any, tmp_path: Path) -> None:
    file, mark = tmp_path / "theirs.py", f"LOW = -0.5  # {tmp_path}"
    file.write_text(OWN)
    (tmp_path / "helper.py").write_text(mark)
    own.load(f"{file}:halves")
    experiment = wanted(f"ray:{of_two.address}", f"{file}:halves", epochs=1)
    left: list[Path] = []

    def sent() -> list[Path]:
        found = Path(tempfile.gettempdir()).glob("inittui-code-*/**/helper.py")
        return [path for path in found if path.read_text() == mark]

    def look(event: Event) -> None:
        if isinstance(event, EpochEnded):
            left.extend(sent())

    assert followed(train(prepare(experiment)), look).status == "finished"
    assert left and not sent()


def test_a_data_set_that_only_the_driver_has_is_sent_along(
    of_two: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inittui.experiment import data_sets

    real = "mnist"
    for name in ("INITTUI_DATA_DIR", "INITTUI_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    tiny, arrays = publish(real, tmp_path / "INITTUI_DATA_DIR")
    monkeypatch.setattr(data_sets, "DATA_SETS", {**data_sets.DATA_SETS, real: tiny})
    experiment = msgspec.structs.replace(
        wanted(f"ray:{of_two.address}", "rule", "normal", "zeros", "default"),
        data=DataConfig(name=real, validation=2),
    )
    there = followed(train(prepare(experiment)))
    assert there.status == "finished"
    (tmp_path / "INITTUI_DATA_DIR").rename(tmp_path / "elsewhere")
    sets.hand_over(real, arrays)
    try:
        training = msgspec.structs.replace(experiment.training, on="local", devices=None)
        alone = msgspec.structs.replace(experiment, training=training)
        here = followed(train(prepare(alone)))
    finally:
        sets._handed_over.clear()
    for one, other in zip(there.trials, here.trials, strict=True):
        assert list(one.losses) == pytest.approx(list(other.losses), rel=1e-5)


@pytest.mark.skipif(not TORTURE, reason="starts two nodes anew: make torture")
def test_a_stopped_run_goes_on_in_the_cluster(of_two: Any, tmp_path: Path) -> None:
    from inittui.recording.resume import earlier_of

    experiment = wanted(f"ray:{of_two.address}", "rule", "normal", "zeros", "default")
    store = CheckpointStore(tmp_path / "checkpoints")
    seen: list[Event] = []

    def see(event: Event) -> None:
        if isinstance(event, EpochEnded):
            seen.append(event)

    state = followed(
        train(prepare(experiment), should_stop=lambda: bool(seen), checkpoints=store), see
    )
    assert state.status == "interrupted"
    for event in train(prepare(experiment), checkpoints=store, earlier=earlier_of(state)):
        state.apply(event)
    assert numbers(state) == numbers(locally(experiment))


def test_an_address_without_a_cluster_is_told_at_once() -> None:
    pytest.importorskip("ray", reason="needs ray: pip install 'inittui[ray]'")
    import ray

    if ray.is_initialized():
        ray.shutdown()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MachineError, match=f"no Ray cluster at 127.0.0.1:{port}"):
        connect(f"ray:127.0.0.1:{port}")
    with pytest.raises(UsageError, match="HOST:PORT"):
        connect("ray:nowhere")


@contextmanager
def answering(with_what: bytes) -> Iterator[str]:
    """Give the address of a server that says something to whoever comes, and listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            guests = []
            with suppress(OSError):
                while True:
                    guests.append(server.accept()[0])
                    guests[-1].sendall(with_what)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


LONG = pytest.mark.skipif(not TORTURE, reason="waits for 10 s: make torture")


@pytest.mark.parametrize(
    "said",
    [pytest.param(b"", marks=LONG, id="silence"), b"HTTP/1.1 400 Bad Request\r\n\r\n"],
)
def test_what_answers_and_is_no_cluster_is_told_in_one_line_and_soon(said: bytes) -> None:
    pytest.importorskip("ray", reason="needs ray: pip install 'inittui[ray]'")
    with answering(said) as address:
        began = time.monotonic()
        done = inittui("compare", "zeros", "--no-save", "--on", f"ray:{address}")
        assert time.monotonic() - began < 45  # 10 to ask, and what a busy machine takes to begin
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        f"inittui: no Ray cluster at {address}: what answers there is something else; "
        "the address is the one that 'ray start --head' has printed\n"
    )


def test_another_port_of_the_cluster_is_not_taken_for_it(cluster: Any) -> None:
    host = cluster.address.partition(":")[0]
    command = [sys.executable, "-c", CONNECT, f"ray:{host}:{cluster.head_node.node_manager_port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "what answers there is something else" in done.stderr.splitlines()[-1]
    assert "rpc" not in done.stderr


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'inittui\[ray\]'"):
        prepare(wanted("ray", "rule"))
