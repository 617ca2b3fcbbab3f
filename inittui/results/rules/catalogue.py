"""All rules, in one table: what each means, from where on it is told, and whence it comes."""

from __future__ import annotations

import msgspec

from inittui.results.rules.finding import Severity


class Rule(msgspec.Struct, frozen=True):
    """What a finding means."""

    code: str
    name: str
    severity: Severity
    """Of the gravest finding by it."""
    text: str
    thresholds: dict[str, float]
    """Limits by name."""
    source: str
    example: str


RULES = (
    Rule(
        "I001", "not-finite", "error",
        "Values are NaN or infinite. Every result that they touch becomes NaN, and the first "
        "step of the training makes all weights so. Infinities in buffers, as masks have them, "
        "are meant.",
        {}, "pytorch#90465",
        "self.scale = nn.Parameter(torch.tensor(0.0).log())",
    ),
    Rule(
        "I002", "uninitialised", "error",
        "Memory was taken and never written. Its values are what was there by chance: often 0 "
        "on one machine and 1e38 on another. While a model is built, all that torch.empty and "
        "its kind give is filled with a mark; whatever still carries it was never written.",
        {"least": 1e-30, "largest": 1e8}, "pytorch-GAT#11, CLIP#15, transformers#28298",
        "self.score = nn.Parameter(torch.empty(32, 10))   # and no nn.init behind it",
    ),
    Rule(
        "I003", "implausible-size", "error",
        "Weights are larger than any initializer means: over 1,000; or a few lie far beyond all "
        "others, as a broken truncation leaves them.",
        {"largest": 1e3, "beyond": 12.0}, "pytorch#155588",
        "w.normal_(std=0.02).erfinv_()   # infinite, or nearly, at its pole",
    ),
    Rule(
        "I004", "too-small-for-dtype", "warning",
        "More than one percent of the values are too small for the type to keep all digits; "
        "steps of the training round to 0 there.",
        {"share": 0.01}, "IEEE 754",
        "nn.init.normal_(layer.half().weight, std=1e-5)",
    ),
    Rule(
        "I101", "init-wrote-nothing", "error",
        "A function that was given all modules to initialize them wrote to none of their "
        "tensors: the values are still the constructors'. Often it looks for a wrong class or "
        "method, takes the module in another place, or writes to copies. Or a checkpoint was "
        "loaded of which no name is the model's; or a weight was filled that weight_norm or a "
        "parametrization computes anew at each pass.",
        {}, "DeepSpeed#2650, keras#341",
        "model.apply(lambda m: m.reset() if hasattr(m, 'reset') else None)",
    ),
    Rule(
        "I102", "half-initialised", "note",
        "Your code drew some weights, and others of the same kind of layer kept what their "
        "constructor gave.",
        {}, "transformers#4701",
        "for m in model.modules():\n    if isinstance(m, nn.Linear): xavier_normal_(m.weight)\n"
        "# and the nn.Conv2d?",
    ),
    Rule(
        "I103", "loaded-then-overwritten", "error",
        "A tensor was loaded from a checkpoint, and then drawn or filled anew: what was loaded "
        "is lost, without any message.",
        {}, "transformers#46620, #46632, #45591",
        "model.load_state_dict(checkpoint)\nmodel.apply(init_weights)",
    ),
    Rule(
        "I104", "initialised-twice", "note",
        "Two different initializers filled the whole of a tensor; the last one stays, the first "
        "is lost.",
        {}, "transformers#21431",
        "nn.init.orthogonal_(self.a.weight)\nself.apply(xavier)   # a.weight, too",
    ),
    Rule(
        "I105", "not-reproducible", "warning",
        "Two builds with the same seed gave different values: something draws from a generator "
        "that no seed sets, or depends on time or hashes.",
        {}, "tf-keras#432",
        "w.copy_(torch.from_numpy(np.random.default_rng().normal(size=w.shape)))",
    ),
    Rule(
        "I106", "seed-ignored", "warning",
        "Builds with two seeds gave the same values: the code sets a seed of its own, so that "
        "runs over several seeds repeat one model.",
        {"share": 0.5}, "keras#15586",
        "def __init__(self):\n    torch.manual_seed(0)",
    ),
    Rule(
        "I201", "symmetric-units", "error",
        "Units have equal weights and get equal gradients, so that they stay equal: the layer "
        "is as good as one unit. Equal zeros whose gradients differ, as of a last layer, are "
        "not told. A warning where the training has dropout, which may tell them apart.",
        {"share": 0.05}, "Goodfellow, Bengio, Courville 2016, 8.4",
        "nn.init.ones_(layer.weight)",
    ),
    Rule(
        "I202", "clones", "warning",
        "Parameters, or blocks of one's units, were drawn by chance and hold the same values, "
        "though they are not one tensor: a layer was copied after it was drawn, or drawn from "
        "one seed again.",
        {}, "pytorch#86274, #72253, keras-hub#352",
        "layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(6))",
    ),
    Rule(
        "I203", "same-random-stream", "warning",
        "Parameters of other shapes or scales were drawn from the same random numbers.",
        {}, "lc0#1883",
        "w.normal_(generator=torch.Generator().manual_seed(0))   # for every w",
    ),
    Rule(
        "I204", "nearly-equal-units", "warning",
        "The weights of units point nearly the same way, so that they compute nearly the same: "
        "drawn around something else than 0.",
        {"cosine": 0.3}, "U[0, 1) has a mean |cosine| of 0.75",
        "nn.init.uniform_(layer.weight)   # from 0 to 1",
    ),
    Rule(
        "I205", "one-module-many-places", "warning",
        "A list of modules holds one module several times, so that its places share all "
        "weights.",
        {}, "the trap of [block] * n",
        "nn.Sequential(*[Block()] * 6)",
    ),
    Rule(
        "I301", "mis-scaled", "warning",
        "The gain g = σ²·n of a layer's weights, over the n terms that are summed for each "
        "output, is far from 1, and nothing behind the layer, as a norm, makes that harmless. A "
        "warning where an effect was measured, else a note. Of an LSTM's or GRU's weights that "
        "your code drew so large it is a warning: most gates are open or closed for good.",
        {"gain": 16.0, "least": 1 / 64}, "He et al. 2015; efficient-kan#72",
        "nn.init.normal_(layer.weight)   # std 1 over 512 inputs: 512-fold",
    ),
    Rule(
        "I302", "fans-swapped", "warning",
        "The scale was computed from another number than that of the terms which are summed: "
        "fan_out for fan_in, groups or strides left out, or a matrix that is used from its other "
        "side.",
        {"fold": 3.9, "gain": 12.0},
        "Lasagne#858, pytorch#24315, #130122, timm#84",
        "nn.init.kaiming_normal_(depthwise.weight, mode='fan_out')",
    ),
    Rule(
        "I303", "variance-as-std", "warning",
        "The standard deviation is exactly what the variance should be: a square root is "
        "missing.",
        {"match": 2e-4, "gain": 0.2}, "mlpack#3651, tflearn#870",
        "nn.init.normal_(w, 0, 2 / n)   # meant: (2 / n) ** 0.5",
    ),
    Rule(
        "I304", "truncation", "warning",
        "The bounds of a truncated normal law are values, not multiples of σ: they never cut, or "
        "cut nearly all; or a scale by fans isn't divided by 0.8796, which cutting at 2σ takes "
        "from it.",
        {"never": 8.0, "always": 1.0}, "foundation-model-stack#289, tensorflow#18706",
        "nn.init.trunc_normal_(w, std=0.02, a=-2, b=2)   # 100 σ",
    ),
    Rule(
        "I305", "off-centre", "warning",
        "The mean of weights is far from 0 for their spread: what all inputs have in common is "
        "added up.",
        {"mean": 0.5, "errors": 6.0}, "LeCun et al. 1998",
        "nn.init.uniform_(layer.weight)   # from 0 to 1",
    ),
    Rule(
        "I401", "blind", "error",
        "The outputs hardly depend on the input: next to nothing of them varies between samples.",
        {"error": 1e-6, "warning": 1e-3}, "pytorch#15314, #54030",
        "20 layers with PyTorch's default, which halves the signal in each",
    ),
    Rule(
        "I402", "signal", "warning",
        "The signal grows or fades on its way through the layers. It fades by the mean square of "
        "what varies between samples, from the first product's input to the last one's; AlexNet "
        "as PyTorch makes it has 1e-6, and trains.",
        {"growth": 1e4, "outputs": 1e8, "loss": 5e-7, "note": 1e-4},
        "pytorch#24991, #18182; He et al. 2015",
        "12 layers with GELU and a gain of 1",
    ),
    Rule(
        "I403", "gradient", "warning",
        "The gradient grows or fades on its way back: first-order change of the loss for a "
        "change in proportion, of the input against the last weights. An error where it is NaN or "
        "infinite.",
        {"fold": 1e4}, "Glorot and Bengio 2010",
        "8 layers with sigmoid",
    ),
    Rule(
        "I404", "dead-units", "warning",
        "Units of a ReLU are 0 for all samples, and pass no gradient.",
        {"share": 0.8}, "stats.SE 450100",
        "weights with a negative mean, and inputs that are all positive",
    ),
    Rule(
        "I405", "saturated", "warning",
        "Values lie at the flat ends of a tanh, sigmoid, hardtanh, hardsigmoid or clamp, or a "
        "softmax gives one choice of four or more over 99 %: hardly any gradient passes there.",
        {"share": 0.25, "bounded": 0.5}, "Glorot and Bengio 2010",
        "nn.init.normal_(layer.weight)   # std 1 over 256 inputs, then tanh",
    ),
    Rule(
        "I406", "zeros-in-the-way", "warning",
        "Weights that are all 0 keep the outputs constant, also once the last ones are drawn, "
        "which may be 0.",
        {}, "transformers#35437",
        "nn.init.zeros_(model.hidden.weight)",
    ),
    Rule(
        "I407", "never-learns", "error",
        "Weights take part and get no gradient, also after all zeros that get one have moved.",
        {}, "LoRA with both factors 0; transformers#35437",
        "nn.init.zeros_(lora.A); nn.init.zeros_(lora.B)",
    ),
    Rule(
        "I408", "confident", "warning",
        "The logits lie so far apart that the model is sure of its first guesses: the loss "
        "starts far above that of guessing.",
        {"loss": 1.5, "std": 3.0}, "nanoT5#25",
        "head.weight = embedding.weight   # of std 1",
    ),
    Rule(
        "I409", "pass-not-finite", "error",
        "The forward pass gives NaN or infinite values from finite weights.",
        {}, "",
        "exp() of what has grown over the layers",
    ),
    Rule(
        "I410", "input-scale", "warning",
        "The given inputs are far from mean 0 and variance 1, which initializers reckon with.",
        {"least": 1e-4, "largest": 100.0, "mean": 0.5}, "LeCun et al. 1998",
        "images as bytes from 0 to 255",
    ),
    Rule(
        "I501", "forget-gate", "warning",
        "An LSTM has two biases that are added. Both were set, or they differ by much within "
        "one gate.",
        {"range": 0.5, "low": 1.5, "high": 2.5}, "pytorch#750, #20102",
        "for n, b in lstm.named_parameters():\n    if 'bias' in n: b[h:2 * h] = 1   # twice: 2",
    ),
    Rule(
        "I502", "residual-growth", "warning",
        "The sum of residual branches grows faster than by adding alike branches, which doubles "
        "it from the middle to the end.",
        {"growth": 100.0, "links": 6.0}, "Zhang et al. 2019 (Fixup)",
        "x = x + block(x)   # each block doubles its input",
    ),
    Rule(
        "I504", "padding-row", "warning",
        "The row of an embedding that stands for padding isn't 0, and no gradient will ever "
        "change it.",
        {}, "torch.nn.Embedding",
        "nn.init.normal_(embedding.weight)   # padding_idx=0, too",
    ),
    Rule(
        "I505", "norm-scale", "warning",
        "The scales of a norm were drawn around 0, as weights are.",
        {"negative": 0.02, "mean": 0.1}, "the trap of loops over parameters()",
        "for p in model.parameters(): nn.init.normal_(p, std=0.05)",
    ),
    Rule(
        "I601", "used-statistics", "note",
        "Norms have seen batches: the model isn't as it was built.",
        {}, "torch.nn.BatchNorm2d", "model(images)   # in training mode, before the check",
    ),
    Rule(
        "I602", "meta", "error",
        "Tensors are on the meta device: they have a shape and no values.",
        {}, "pytorch#104187",
        "with torch.device('meta'): layer = nn.Linear(64, 10)",
    ),
    Rule(
        "I603", "no-reset", "note",
        "A module has parameters of its own and no reset_parameters, so that what builds it on "
        "the meta device, as sharding does, can't fill it after to_empty. Many sound models have "
        "such modules, torch's MultiheadAttention among them: judged only where its whole code is "
        "selected.",
        {}, "llm-foundry#1745",
        "class Scale(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.weight = nn.Parameter(torch.ones(8))   # and no reset_parameters",
    ),
    Rule(
        "I604", "unused", "note",
        "Parameters take no part in the pass, or no gradient is on its way to them.",
        {}, "", "self.spare = nn.Linear(8, 8)   # never called",
    ),
    Rule(
        "I605", "squashed-output", "warning",
        "The outputs come out of a softmax, sigmoid or ReLU. Before a loss that takes logits "
        "that squashes twice; before NLL or BCE on probabilities it is right.",
        {}, "torch.nn.CrossEntropyLoss", "nn.Sequential(..., nn.Softmax(1)) and cross_entropy",
    ),
    Rule(
        "I606", "not-in-parameters", "warning",
        "A product takes weights that were drawn by chance and are in no parameter or buffer, "
        "so that nothing trains them.",
        {}, "pytorch#715, #666", "self.layers = [nn.Linear(8, 8)]   # a plain list",
    ),
    Rule(
        "I607", "same-logits", "note",
        "Every class gets the same logit at the start.",
        {}, "", "nn.init.zeros_(head.weight)",
    ),
    Rule(
        "I608", "zero-start", "note",
        "Gradients arrive only once zeros have moved, one step later.",
        {}, "Zhang et al. 2019 (Fixup)", "nn.init.zeros_(gate)",
    ),
    Rule(
        "I701", "differs", "error",
        "A tensor isn't as the checkpoint has it.",
        {}, "transformers#46620", "inittui check model.py:build --against weights.safetensors",
    ),
    Rule(
        "I702", "missing", "warning",
        "The checkpoint lacks a tensor of the model, which keeps its start values.",
        {}, "transformers#35437", "load_state_dict(checkpoint, strict=False)",
    ),
    Rule(
        "I703", "extra", "warning",
        "The checkpoint has a tensor that the model lacks.",
        {}, "transformers#35437", "load_state_dict(checkpoint, strict=False)",
    ),
    Rule(
        "I801", "drifted", "error",
        "A tensor is drawn otherwise than when the lockfile was written.",
        {"errors": 6.0, "share": 0.01}, "six standard errors and one percent",
        "inittui check model.py:build --lock inittui.lock",
    ),
    Rule(
        "I802", "other-names", "error",
        "The model has other tensors than when the lockfile was written.",
        {}, "", "a layer was added",
    ),
    Rule(
        "I901", "unused-allowance", "note",
        "An allowance matches nothing.",
        {}, "as RUF100 of ruff", "--allow 'I202=teacher.*'",
    ),
)  # fmt: skip
