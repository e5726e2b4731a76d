"""The names that hyperparameters go by, and the values of those that the protocol does not set.

As in LEMUR, `prm` holds more than a program declares: `batch`, `transform`, and the number of epochs under
both names in use, `epoch_max` and `epoch`. LEMUR draws what it knows no range for from [0, 1]. One value in
the middle of that ruins a weight decay and breaks a schedule, so the names of `DEFAULTS` have values of their
own, most of them PyTorch's defaults.

This module does *not* know a protocol's values: `ProxyConfig.prm` puts everything together.
"""

from __future__ import annotations

Value = float | int | str

PROTOCOL_NAMES = frozenset(
    {"lr", "learning_rate", "momentum", "dropout", "batch", "batch_size", "transform", "t_max"}
    | {"epoch", "epochs", "epoch_max", "max_epochs", "num_epochs"}
)
"""Names in lower case whose values follow from other settings of the protocol."""

DEFAULTS: dict[str, float] = {
    # Optimisers: PyTorch's defaults, but for the weight decay that is usual with SGD.
    **dict.fromkeys(("weight_decay", "wd"), 5e-4),
    **dict.fromkeys(("beta1", "beta_1", "rho"), 0.9),
    **dict.fromkeys(("beta2", "beta_2"), 0.999),
    **dict.fromkeys(("eps", "epsilon", "adam_eps", "adam_epsilon"), 1e-8),
    **dict.fromkeys(("nesterov", "amsgrad", "dampening"), 0.0),
    **dict.fromkeys(("grad_clip", "clip_grad", "clip_grad_norm", "max_norm", "max_grad_norm"), 1.0),
    # Schedules: one step an epoch, with a gentle decay; a floor of nothing and no warm-up.
    "step_size": 1.0,
    "gamma": 0.9,
    "patience": 10.0,
    **dict.fromkeys(("eta_min", "min_lr", "warmup_epochs", "warmup_steps"), 0.0),
    # Layers and losses: PyTorch's and torchvision's defaults; weights trained elsewhere are never there.
    **dict.fromkeys(("norm_eps", "bn_eps", "layer_norm_eps"), 1e-5),
    **dict.fromkeys(("norm_momentum", "bn_momentum"), 0.1),
    **dict.fromkeys(("attention_dropout", "attn_dropout", "dropout_aux"), 0.0),
    **dict.fromkeys(("stochastic_depth_prob", "drop_path", "drop_path_rate", "drop_connect_rate"), 0.0),
    "label_smoothing": 0.1,
    "patch_size": 0.125,
    **dict.fromkeys(("pretrained", "tie_weights"), 0.0),
}
"""Values by name in lower case; where a name is not among them, the protocol's `other_hyperparameters` holds.

`patch_size` is a share of the image's side, as LEMUR's transformers take it.
"""
