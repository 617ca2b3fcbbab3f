"""How often the check accuses architectures that are known to train; writes benchmarks/zoo.md.

Each model is built under its own seed in a process of its own, so that one that crashes or takes
all memory costs only itself. Needs ``pip install 'inittui[zoo]'``; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("zoo.md")

TORCHVISION = (  # noqa: SIM905
    "alexnet vgg11 vgg11_bn vgg19 resnet18 resnet50 resnext50_32x4d densenet121 "
    "squeezenet1_0 googlenet inception_v3 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large "
    "mnasnet0_5 shufflenet_v2_x0_5 efficientnet_b0 efficientnet_v2_s regnet_y_400mf "
    "regnet_x_400mf convnext_tiny swin_t swin_v2_t vit_b_32 maxvit_t"
).split()

TIMM = (  # noqa: SIM905
    "resnetv2_50 res2net50_26w_4s seresnet50 skresnet18 efficientnet_lite0 mixnet_s "
    "ghostnet_100 hardcorenas_a tf_efficientnet_b0 nfnet_l0 rexnet_100 mobilevit_xs "
    "mobilenetv4_conv_small deit_tiny_patch16_224 vit_tiny_patch16_224 cait_xxs24_224 "
    "xcit_nano_12_p16_224 beit_base_patch16_224 eva02_tiny_patch14_224 "
    "swin_tiny_patch4_window7_224 mixer_s32_224 resmlp_12_224 gmlp_ti16_224 poolformer_s12 "
    "convnextv2_atto coatnet_nano_rw_224 crossvit_tiny_240 pit_ti_224 edgenext_xx_small "
    "fastvit_t8 efficientformer_l1 hrnet_w18_small dla34 repvgg_a0 cspresnet50 darknet53 "
    "selecsls42 xception41 vovnet39a convmixer_768_32 twins_svt_small "
    "tnt_s_legacy_patch16_224 mambaout_femto starnet_s1 repvit_m0_9 davit_tiny "
    "focalnet_tiny_srf hiera_tiny_224 nest_tiny lambda_resnet26t botnet26t_256 halonet26t "
    "regnety_002"
).split()

TRANSFORMERS = (  # noqa: SIM905
    "bert roberta distilbert gpt2 gpt_neox llama mistral qwen2 gemma opt bloom electra "
    "albert deberta-v2 mamba vit t5"
).split()

SMALL = {
    "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 256, "vocab_size": 1_000, "num_key_value_heads": 4, "head_dim": 32,
    "d_model": 128, "d_kv": 32, "d_ff": 256, "num_layers": 3, "num_heads": 4, "ffn_dim": 256,
    "word_embed_proj_dim": 128, "embedding_size": 64, "n_embd": 128, "n_layer": 3, "n_head": 4,
    "dim": 128, "hidden_dim": 256, "n_heads": 4, "n_layers": 3, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
"""Settings of the small configurations; each takes those that it has."""


def names(library: str) -> list[str]:
    """Return the models of a library that are tried where none are named."""
    listed = {"torchvision": TORCHVISION, "timm": TIMM, "transformers": TRANSFORMERS}[library]
    return [f"{library}:{name}" for name in listed]


def held_out(count: int) -> list[str]:
    """Return further models of timm, one of each family first, those named as small ones first."""
    import timm

    known, families = {*TIMM}, dict[str, list[str]]()
    for name in timm.list_models():
        if name not in known:
            families.setdefault(timm.models.model_entrypoint(name).__module__, []).append(name)
    rounds = max(map(len, families.values()))
    ordered = [
        f"timm:{each[place]}"
        for place in range(rounds)
        for each in (sorted(x, key=_size) for x in families.values())
        if place < len(each)
    ]
    return ordered[:count]


_SMALL = ("test", "zepto", "atto", "femto", "pico", "nano", "tiny", "mini", "xx", "xs", "small")


def _size(name: str) -> tuple[int, int, str]:
    """Return an order that begins with a family's small models, as far as their names tell."""
    places = [place for place, word in enumerate(_SMALL) if word in name]
    return min(places, default=len(_SMALL)), len(name), name


def check(reference: str, seed: int) -> dict[str, object]:
    """Examine one model, in this process."""
    import torch

    from inittui.inspection.examine import examine
    from inittui.results.checking import judge

    torch.set_num_threads(1)
    library, _, name = reference.partition(":")
    build, inputs = _of(library, name)
    start = time.perf_counter()
    facts = examine(build, inputs, once=True, seed=seed)
    return {
        "seconds": time.perf_counter() - start,
        "traced": f"{facts.traced}/{facts.matrices}",
        "failure": facts.failure,
        "told": [
            (each.severity, each.code, each.message)
            for each in judge(facts)
            if each.severity != "note"
        ],
    }


def _of(library: str, name: str):  # type: ignore[no-untyped-def]
    if library == "torchvision":
        import torchvision

        settings = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        side = 299 if name == "inception_v3" else 224
        return (
            lambda: torchvision.models.get_model(name, weights=None, **settings),
            f"3x{side}x{side}",
        )
    if library == "timm":
        import timm

        shape = timm.get_pretrained_cfg(name).input_size
        return lambda: timm.create_model(name, pretrained=False), "x".join(map(str, shape))
    import transformers

    kind = transformers.CONFIG_MAPPING[name]
    own = kind().to_dict()
    config = kind(**{key: value for key, value in SMALL.items() if key in own})
    if name == "vit":
        return lambda: transformers.AutoModel.from_config(config), "3x224x224"
    inputs = ["input_ids=ids:16:1000"]
    if name == "t5":
        inputs.append("decoder_input_ids=ids:16:1000")
    return lambda: transformers.AutoModel.from_config(config), inputs


def run(references: Sequence[str], seeds: int, limit: float) -> Iterator[str]:
    """Yield a table's line for each model, examined under each seed in a process of its own."""
    for reference in references:
        command = ["-m", "benchmarks.zoo", "--one", reference, "--seeds", str(seeds)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", *command],
                capture_output=True,
                text=True,
                timeout=limit,
                check=False,
                env=environment,
            )
            said, errors = done.stdout, done.stderr
        except subprocess.TimeoutExpired as error:
            said, errors = (error.stdout or b"").decode(), f"no answer in {limit:.0f} s"
        told, seconds, traced, answers = set[str](), 0.0, "", 0
        for line in said.splitlines():
            if not line.startswith("{"):
                continue  # models print
            found = json.loads(line)
            answers += 1
            seconds, traced = max(seconds, found["seconds"]), found["traced"]
            told |= {f"{x[0]} {x[1]}: {x[2]}" for x in found["told"]}
            if found["failure"]:
                told.add(f"could not be run: {found['failure']}")
        if answers < seeds:
            told.add(f"{answers} of {seeds} seeds answered: {errors.strip()[-100:]}")
        line = f"| {reference} | {traced} | {seconds:.1f} | {'; '.join(sorted(told)) or '-'} |"
        print(line, file=sys.stderr, flush=True)
        yield line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="such as timm:dla34; none: all that are listed")
    parser.add_argument("--held-out", type=int, default=0, help="further models of timm")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one model")
    parser.add_argument("--one", metavar="MODEL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        for seed in range(arguments.seeds):
            print(json.dumps(check(arguments.one, seed)), flush=True)
        return
    references = arguments.models or [
        name for library in ("torchvision", "timm", "transformers") for name in names(library)
    ]
    if arguments.held_out:
        references = held_out(arguments.held_out)
    head = ["| model | matrices traced | s | errors and warnings |", "| --- | --- | --- | --- |"]
    lines = [*head, *run(references, arguments.seeds, arguments.limit)]
    RESULTS.with_suffix(".table.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
