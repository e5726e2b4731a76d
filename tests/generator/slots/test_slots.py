"""Slotted networks: any choice is a program, the seed's computes what the seed does, nothing else changes."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from corpus.records.tasks.shape import TaskShape
from generator.slots.assembling import Unfit, assembled
from generator.slots.contract import Alternative, Slot, Slotted
from generator.slots.cutting import cut
from generator.slots.space import Choice, SlotSpace
from generator.trees.primitives import primitives
from generator.trees.rendering import render
from generator.trees.starts import starts

LIBRARY = primitives()
SHAPE = TaskShape(channels=3, height=12, width=16, classes=7)
FAMILIES = starts(SHAPE, LIBRARY, max_parameters=60_000)
PRM = {"lr": 0.02, "momentum": 0.9, "epoch_max": 1}

SCAFFOLD = """\
import torch


def supported_hyperparameters():
    return {"lr"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.first, self.second = SLOT_first(), SLOT_second()

    def forward(self, x):
        return self.second(self.first(x), x)

    def train_setup(self, prm):
        self.rate = prm["lr"]
"""


def built(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), names)
    return names["Net"]((1, *SHAPE.input_shape), SHAPE.output_shape, PRM, torch.device("cpu"))


def block(name: str, helper: str, *, given: str = "x") -> Alternative:
    text = (
        "import torch\nfrom torch import nn\n\n"
        f"def scaled(x):\n    return {helper} * x\n\n"
        f"class SLOT_{name}(nn.Module):\n    def forward(self, {given}):\n        return scaled(x)\n"
    )
    return Alternative(name=helper, origin="seed", text=text)


def slot(name: str, *alternatives: Alternative, **more: Any) -> Slot:
    return Slot(name=name, entering=(4,), leaving=(4,), alternatives=alternatives, **more)


def slotted(*alternatives: Alternative) -> Slotted:
    first = slot("first", block("first", "2"), Alternative(name="none", origin="identity"))
    return Slotted(scaffold=SCAFFOLD, slots=(first, slot("second", *alternatives, residual=(4,))))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_s_choice_computes_what_the_seed_does(family: str) -> None:
    seed = FAMILIES[family]
    space = SlotSpace(cut(seed, SHAPE, LIBRARY, random.Random(0)))
    before, after = built(render(seed, SHAPE, LIBRARY)).eval(), built(space.render(space.seed)).eval()
    weights = before.state_dict().values()
    assert [each.shape for each in weights] == [each.shape for each in after.state_dict().values()]
    after.load_state_dict(dict(zip(after.state_dict(), weights, strict=True)))
    images = torch.randn(2, *SHAPE.input_shape)
    assert torch.equal(before(images), after(images))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_alternative_goes_with_every_other(family: str) -> None:
    found = cut(FAMILIES[family], SHAPE, LIBRARY, random.Random(1))
    space, rng = SlotSpace(found), random.Random(2)
    assert 5 <= len(found.slots) <= 20
    for each in found.slots:
        assert each.alternatives[0].origin == "seed" and 2 <= len(each.alternatives) <= 8
        assert (each.entering == each.leaving) == any(it.origin == "identity" for it in each.alternatives)
    for point in [space.sample(rng) for _ in range(3)]:
        net = built(space.render(point))
        assert net(torch.zeros(2, *SHAPE.input_shape)).shape == (2, 7)
        net.train_setup(PRM)
        rate = float(space.encode(point).rpartition("x")[2])
        assert net.optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * rate)


def test_equal_states_of_chance_cut_alike() -> None:
    seed = FAMILIES["vgg"]
    assert cut(seed, SHAPE, LIBRARY, random.Random(3)) == cut(seed, SHAPE, LIBRARY, random.Random(3))
    assert cut(seed, SHAPE, LIBRARY, random.Random(3)) != cut(seed, SHAPE, LIBRARY, random.Random(4))


def test_an_edit_changes_one_slot_or_two_and_can_be_written_and_read() -> None:
    space, rng = SlotSpace(cut(FAMILIES["vgg"], SHAPE, LIBRARY, random.Random(0))), random.Random(5)
    point, changed = space.seed, set()
    for _ in range(200):
        child, operator = space.mutate(point, rng)
        pairs = zip((*point.alternatives, point.rate), (*child.alternatives, child.rate), strict=True)
        count = sum(before != after for before, after in pairs)
        assert operator == {1: "one slot", 2: "two slots"}[count]
        assert space.legal(child) and space.decode(space.encode(child)) == child
        assert space.key(child) != space.key(point)
        changed |= space.named(child).keys()
        point = child
    assert changed == {*(each.name for each in space.slotted.slots), "learning rate"}


@pytest.mark.parametrize(
    "text", ["", "x1", "0 0", "0 9 x1", "0 0 x3", "0 -1 x1", "0 0 0 x1", "a b x1", "0" * 5000]
)
def test_what_is_no_point_is_none(text: str) -> None:
    space = SlotSpace(slotted(block("second", "3", given="x, residual")))
    assert space.decode(text) is None
    assert space.decode("1 0 x0.5") == Choice((1, 0), 2)


def test_names_that_mean_two_things_are_told_apart_and_equal_texts_are_placed_once() -> None:
    other = built(assembled(slotted(block("second", "3", given="x, residual")), (0, 0)))
    assert other(torch.ones(1, 4)).tolist() == [[6.0] * 4]
    same = assembled(slotted(block("second", "2", given="x, residual")), (0, 0))
    assert same.count("def scaled") == 1 and built(same)(torch.ones(1, 4)).tolist() == [[4.0] * 4]


def test_identity_and_zero_follow_from_the_slot() -> None:
    space = slotted(Alternative(name="none", origin="identity"), Alternative(name="zero", origin="zero"))
    assert built(assembled(space, (1, 0)))(torch.ones(1, 4)).tolist() == [[1.0] * 4]
    assert built(assembled(space, (0, 1)))(torch.ones(1, 4)).tolist() == [[0.0] * 4]


def test_a_rate_changes_nothing_but_the_rate() -> None:
    found = slotted(block("second", "3", given="x, residual"))
    slow, fast = assembled(found, (0, 0)), assembled(found, (0, 0), 4.0)
    net = built(fast)
    net.train_setup(PRM)
    assert net.rate == 0.08 and PRM["lr"] == 0.02
    assert [line for line in fast.splitlines() if line not in slow.splitlines()] == fast.splitlines()[-5:-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class SLOT_second(", "no Python"),
        ("class Other:\n    pass\n", "no class|one class"),
        ("class Net:\n    pass\n\nclass SLOT_first:\n    pass\n", "one class"),
    ],
)
def test_texts_that_make_no_program_are_refused(text: str, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        assembled(slotted(Alternative(name="wrong", origin="seed", text=text)), (0, 0))


def test_a_scaffold_without_a_rate_is_refused_where_one_is_wanted() -> None:
    found = slotted(block("second", "3", given="x, residual"))
    bare = found.model_copy(update={"scaffold": SCAFFOLD.replace("train_setup", "other")})
    assert assembled(bare, (0, 0))
    with pytest.raises(Unfit, match="train_setup"):
        assembled(bare, (0, 0), 2.0)


def test_contracts_are_kept() -> None:
    seed, none = block("first", "2"), Alternative(name="none", origin="identity")
    with pytest.raises(ValidationError, match="another shape"):
        Slot(name="first", entering=(4,), leaving=(8,), alternatives=(seed, none))
    with pytest.raises(ValidationError, match="the seed's"):
        slot("first", Alternative(name="zero", origin="zero"))
    with pytest.raises(ValidationError, match="one name"):
        slot("first", seed, seed)
    with pytest.raises(ValidationError, match="no text"):
        Alternative(name="none", origin="identity", text="x = 1")
    with pytest.raises(ValidationError, match="two slots"):
        Slotted(scaffold=SCAFFOLD, slots=(slot("first", seed), slot("first", seed)))
