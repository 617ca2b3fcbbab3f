"""Names of torch's operators by what they do to what is given to them."""

from __future__ import annotations

NONLINEAR = frozenset({
    "relu", "gelu", "silu", "tanh", "sigmoid", "hardswish", "leaky_relu", "elu", "hardtanh",
    "hardsigmoid", "clamp", "clamp_min", "clamp_max", "softplus", "mish", "exp", "erf", "sin",
    "cos", "prelu", "_prelu_kernel", "threshold", "log_sigmoid_forward", "abs", "softshrink",
    "hardshrink", "rrelu", "rrelu_with_noise", "sign", "log", "atan", "celu", "selu", "maximum",
    "glu", "reciprocal",
})  # fmt: skip
SOFTMAX = frozenset({"_softmax", "_log_softmax", "_safe_softmax"})
NORMS = frozenset({
    "native_layer_norm", "native_batch_norm", "_native_batch_norm_legit", "native_group_norm",
    "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "_batch_norm_with_update",
    "_batch_norm_no_update", "_fused_rms_norm", "batch_norm", "native_norm", "renorm",
    "_weight_norm_interface",
})  # fmt: skip
OVER_BATCH = frozenset({
    "native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm", "_batch_norm_with_update",
    "batch_norm",
})  # fmt: skip
MADE_LIKE = frozenset({
    "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided", "zeros_like",
    "ones_like", "full_like", "empty_like",
})  # fmt: skip
COPIES = frozenset({"clone", "_to_copy", "contiguous"})
STATISTICS = frozenset({
    "mean", "var", "std", "var_mean", "norm", "linalg_vector_norm", "sum", "amax", "max",
    "logsumexp", "square",
})  # fmt: skip
ATTENTION = (
    "_scaled_dot_product", "_efficient_attention", "_flash_attention", "_fused_sdp",
)  # fmt: skip
RECURRENT = ("mkldnn_rnn_layer", "_thnn_fused", "_cudnn_rnn", "quantized_lstm")
PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot", "vdot", "_int_mm"})
