"""What layer rules reach beside weight layers: packed weights, embeddings, raw parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.initializers import parse_scheme
from inittui.initializers.apply import apply_scheme


def applied(model: nn.Module, scheme: str, seed: int = 0) -> dict[str, str | None]:
    written = apply_scheme(model, parse_scheme(scheme), seed, {}, as_built=True)
    return {each.parameter: each.initializer for each in written}


def is_orthogonal(matrix: torch.Tensor) -> bool:
    rows = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    return torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-5)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_layers_are_filled_gate_by_gate(kind: str, gates: int) -> None:
    model = nn.ModuleDict({"rnn": getattr(nn, kind)(12, 8, num_layers=2, bidirectional=True)})
    by = applied(model, "zeros@rnn=orthogonal/ones")
    assert set(by.values()) == {"orthogonal", "ones"}
    for name, value in model.named_parameters():
        if "weight" in name:
            parts = value.chunk(gates)
            assert all(is_orthogonal(part) for part in parts)
            assert gates == 1 or not torch.equal(parts[0], parts[1])
        else:
            assert (value == 1).all()


def test_gates_have_their_own_fans() -> None:
    model = nn.Sequential(nn.LSTMCell(50, 200))
    applied(model, "zeros@lstmcell=xavier_uniform")
    limit = (6 / (50 + 200)) ** 0.5
    assert 0.95 * limit < model[0].weight_ih.abs().max() <= limit


def test_projections_of_an_lstm_are_no_gates() -> None:
    model = nn.Sequential(nn.LSTM(6, 8, proj_size=4))
    applied(model, "zeros@LSTM=orthogonal")
    assert is_orthogonal(model[0].weight_hr_l0)


@pytest.mark.parametrize("sizes", [{}, {"kdim": 5, "vdim": 7}])
def test_attention_is_filled_head_by_head(sizes: dict[str, int]) -> None:
    model = nn.ModuleDict({"attn": nn.MultiheadAttention(16, 4, **sizes), "out": nn.Linear(16, 2)})
    by = applied(model, "zeros@attn=orthogonal")
    attention = model["attn"]
    packed = [p for n, p in attention.named_parameters(recurse=False) if "weight" in n]
    assert len(packed) == (3 if sizes else 1)
    for weight in packed:
        for head in weight.split(4):
            assert is_orthogonal(head)
    assert by["attn.in_proj_bias"] == "zeros" and by["out.weight"] == "zeros"
    assert by["attn.out_proj.weight"] == "zeros"


def test_an_embedding_has_one_input_at_a_time() -> None:
    model = nn.ModuleDict({"words": nn.Embedding(500, 64), "bag": nn.EmbeddingBag(500, 64)})
    applied(model, "zeros@Embedding=normal@bag=lecun_normal")
    assert model["words"].weight.std().item() == pytest.approx(1, rel=0.05)
    assert model["bag"].weight.std().item() == pytest.approx(1, rel=0.05)


def test_a_bilinear_layer_is_reached_by_products() -> None:
    model = nn.Sequential(nn.Bilinear(10, 12, 200))
    applied(model, "zeros@0=normal")
    assert model[0].weight.std().item() == pytest.approx(120**-0.5, rel=0.05)


def test_raw_parameters_and_lists_of_them_are_reached_by_name() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scales = nn.ParameterList([torch.rand(3), torch.rand(3)])
            self.query = nn.Parameter(torch.rand(40, 60))
            self.head = nn.Linear(3, 2)

    model = Net()
    by = applied(model, "rule@scales.0=ones@query=kaiming_normal:nonlinearity=identity")
    assert by["scales.0"] == "ones" and by["scales.1"] is None
    assert model.query.std().item() == pytest.approx(60**-0.5, rel=0.1)
    assert applied(model, "rule@scales=zeros")["scales.1"] == "zeros"


def test_a_parameter_that_is_named_itself_gets_what_is_written_for_it() -> None:
    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relative_position_bias_table = nn.Parameter(torch.zeros(9, 2))
            self.attention = nn.MultiheadAttention(4, 2, add_bias_kv=True)
            self.head = nn.Linear(4, 2)

    by = applied(Table(), "rule@relative_*=normal@head.bias=constant:value=3")
    assert by["relative_position_bias_table"] == "normal" and by["head.weight"] == "rule"
    assert by["head.bias"] == "constant:value=3"
    assert applied(Table(), "rule@attention.bias_k=normal")["attention.bias_k"] == "normal"
    # A rule for biases beside is meant for those.
    assert applied(Table(), "rule@head.*=normal/ones")["head.bias"] == "ones"
    assert applied(Table(), "rule@head=normal")["head.bias"] == "zeros"
    assert applied(Table(), "rule@head.*=normal")["head.bias"] == "zeros"


def test_of_a_matrix_of_no_known_layer_is_said_how_its_shape_is_read() -> None:
    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ParameterList([nn.Parameter(torch.zeros(784, 16)) for _ in range(2)])
            self.square = nn.Parameter(torch.zeros(8, 8))
            self.head = nn.Linear(16, 10)

    def notes(scheme: str) -> dict[str, str]:
        written = apply_scheme(Raw(), parse_scheme(scheme), 0, {})
        return {each.parameter: each.note for each in written if each.note}

    said = "read as [outputs, inputs], so with a fan_in of 16"
    assert notes("rule@experts*=kaiming_normal") == {"experts.0": said, "experts.1": said}
    assert not notes("rule@experts*=xavier_normal")  # goes by the sum of both
    assert not notes("rule@experts*=normal:std=0.1")
    assert not notes("rule@square=kaiming_normal")


def test_a_pattern_that_fits_weight_layers_leaves_the_others() -> None:
    model = nn.ModuleDict({"a": nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))})
    by = applied(model, "ones@a.*=zeros@*=constant")
    assert by["a.0.weight"] == "constant" and by["a.1.weight"] == "built"


def test_an_initializer_that_cannot_fill_a_shape_is_refused_by_name() -> None:
    model = nn.ModuleDict({"norm": nn.LayerNorm(3), "head": nn.Linear(3, 2)})
    with pytest.raises(UsageError, match=r"kaiming_normal fills .*'norm.weight' has 3"):
        applied(model, "zeros@norm=kaiming_normal")
    with pytest.raises(UsageError, match=r"rule can't fill 'norm.weight': fan_in and fan_out need"):
        applied(model, "zeros@norm=rule")
    with pytest.raises(UsageError, match=r"the layers are: head \(Linear\), rnn \(GRU\)"):
        applied(nn.ModuleDict({"rnn": nn.GRU(2, 2), "head": nn.Linear(2, 2)}), "zeros@x=ones")


def test_parts_draw_by_name_and_seed() -> None:
    one, other, third = (nn.Sequential(nn.LSTM(4, 4)) for _ in range(3))
    applied(one, "rule@0=normal")
    applied(other, "zeros@0=normal")
    applied(third, "zeros@0=normal", seed=1)
    assert torch.equal(one[0].weight_hh_l0, other[0].weight_hh_l0)
    assert not torch.equal(one[0].weight_hh_l0, third[0].weight_hh_l0)
