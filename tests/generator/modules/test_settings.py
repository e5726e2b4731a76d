"""Which arguments are tried with a module."""

from __future__ import annotations

import pytest

from generator.modules.settings import IN, MAX_SETTINGS, OUT, QUARTER, trials
from tests.generator.modules.mined import CONV2D, RELU, mined, of_torch


def first(*arguments: tuple[str, str | None]) -> dict[str, object]:
    return dict(trials(of_torch("Some", *arguments)).hypotheses[0])


def test_a_convolution_is_tried_with_both_strides_and_kernels() -> None:
    wanted = trials(CONV2D)
    channels = {"in_channels": IN, "out_channels": OUT}
    assert wanted.hypotheses[0] == {**channels, "kernel_size": 3, "stride": 1, "padding": 1}
    tried = [(each["kernel_size"], each["stride"], each["padding"]) for each in wanted.variations[0]]
    assert tried == [(5, 1, 2), (3, 2, 1), (5, 2, 2)]


def test_what_takes_no_arguments_is_tried_as_it_is() -> None:
    assert trials(RELU) == (({},), ((),), None)


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        ([("dim", None)], {"dim": IN}),
        ([("in_chs", None), ("out_chs", None)], {"in_chs": IN, "out_chs": OUT}),
        ([("dim", None), ("dim_out", None)], {"dim": IN, "dim_out": OUT}),
        ([("num_features", None), ("act", "True")], {"num_features": IN}),
        ([("in_chans", "3"), ("embed_dim", "768")], {"in_chans": IN, "embed_dim": OUT}),
        ([("inplanes", None), ("planes", None)], {"inplanes": IN, "planes": OUT}),
        ([("dim", "None")], {}),
        ([("dim", None), ("num_heads", None)], {"dim": IN, "num_heads": 4}),
        ([("channels", None), ("hidden_dim", None)], {"channels": IN, "hidden_dim": IN}),
    ],
)
def test_arguments_that_name_channels_are_known_by_their_names(
    arguments: list[tuple[str, str | None]], setting: dict[str, object]
) -> None:
    assert first(*arguments) == setting


def test_a_ratio_is_tried_at_half_its_value() -> None:
    wanted = trials(of_torch("Some", ("channels", None), ("reduction", "16")))
    assert [each["reduction"] for each in (*wanted.hypotheses[:1], *wanted.variations[0])] == [16, 8]


def test_planes_of_a_bottleneck_are_tried_as_a_quarter() -> None:
    wanted = trials(of_torch("Bottleneck", ("inplanes", None), ("planes", None)))
    assert {"inplanes": IN, "planes": QUARTER} in wanted.hypotheses


def test_what_leaves_may_follow_by_default() -> None:
    wanted = trials(of_torch("Some", ("dim", None), ("dim_out", "None")))
    assert wanted.hypotheses == ({"dim": IN, "dim_out": OUT}, {"dim": IN})


def test_an_argument_that_nobody_can_guess_is_the_reason() -> None:
    wanted = trials(of_torch("Some", ("dim", None), ("body", None)))
    assert wanted.hypotheses == () and wanted.reason is not None and "'body'" in wanted.reason


def test_a_flaw_and_a_second_tensor_are_reasons() -> None:
    text = "class A(nn.Module):\n    pass\n"
    assert trials(mined(text, flaw="it needs a CUDA kernel")).reason == "it needs a CUDA kernel"
    assert "2 tensors" in str(trials(mined(text, inputs=(2, 2))).reason)
    assert trials(mined(text, inputs=(1, None))).reason is None


def test_no_module_gets_more_than_the_most_settings() -> None:
    many = of_torch(
        "Some",
        *(
            ("inplanes", None),
            ("planes", None),
            ("kernel_size", "7"),
            ("stride", "2"),
            ("expand_ratio", "4.0"),
        ),
    )
    wanted = trials(many)
    for variations in wanted.variations:
        assert len(wanted.hypotheses) + len(variations) <= MAX_SETTINGS
    assert wanted.hypotheses[0]["kernel_size"] == 7 and wanted.hypotheses[0]["stride"] == 2


@pytest.mark.parametrize("default", ["(" * 150 + ")" * 150, "x" * 10_000, "1 +", "object()", "[1] * 10**9"])
def test_a_default_that_is_no_plain_value_is_left_alone(default: str) -> None:
    assert first(("dim", None), ("reduction", default)) == {"dim": IN}
