"""AgentNAS with a scripted model: the Modularizer and the Slot Planner, whatever they answer."""

from __future__ import annotations

import pytest

from corpus.records.search.proposals import DecidedBy
from generator.strategies.agentnas.settings import Settings
from tests.generator.strategies.agentnas.scripted import (
    MODULAR,
    SCAFFOLD,
    SUMMARY,
    Line,
    experiment,
    fenced,
    plan,
    slot,
)
from tests.generator.strategies.agentnas.searching import (
    SMALL,
    STOP,
    decisions,
    searched,
)


def test_a_text_that_is_not_the_seed_goes_back_to_the_modularizer_and_the_seed_stays() -> None:
    wrong = MODULAR.replace("WIDTH", "8").replace("F.relu(self.body", "F.gelu(self.body")
    bench, trials = searched(
        lines={"modularizer": [f"```python\n{wrong}```", "nothing", f"```python\n{wrong}```"]}
    )
    told = bench.last("modularizer")
    assert "max_abs_diff" in told[1] and "no class Architecture" in told[2]
    assert bench.again["modularizer, again"] == SMALL["modular"]
    (asked,) = (chat for role, chat in bench.chats if role == "slot planner")
    assert "class Stage(" not in asked[0].content and "self.body = nn.Conv2d(8" in asked[0].content
    assert decisions(trials[-1])["space"] is DecidedBy.MODEL


BAD_PLANS: dict[str, Line] = {
    "a text": "no document",
    "nothing": None,
    "no slots": {"scaffold_code": SCAFFOLD, "slots": []},
    "no Python": plan("class Architecture("),
    "no Architecture": plan(SCAFFOLD.replace("class Architecture", "class Other")),
    "its own Net": plan(SCAFFOLD + "\n\nclass Net(nn.Module):\n    pass\n"),
    "a slot's class": plan(SCAFFOLD + "\n\nclass SLOT_stage(nn.Module):\n    pass\n"),
    "arguments": plan(SCAFFOLD.replace("SLOT_stage()", "SLOT_stage(8)")),
    "never called": plan(SCAFFOLD.replace("self.stage(first)", "first")),
    "no such slot": plan(SCAFFOLD.replace("SLOT_stage()", "SLOT_unknown()")),
    "dual without a shape": {**plan(), "slots": [*plan()["slots"][:2], slot("merge", "x", interface="dual")]},
    "two of one name": {**plan(), "slots": [*plan()["slots"], slot("glue", "Identity")]},
    "a shape of nothing": {**plan(), "slots": [*plan()["slots"][:2], slot("merge", "x", input_shape=[0])]},
    "the seed's part does not run": {
        **plan(), "slots": [slot("stage", "broken", "conv5x5"), *plan()["slots"][1:]]
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PLANS)
def test_a_plan_that_cannot_be_used_is_asked_for_again(name: str) -> None:
    bench, trials = searched(lines={"slot_planner": [BAD_PLANS[name], plan()]}, repairs=0, most=3)
    assert bench.again["slot planner, again"] == 1
    told = bench.last("slot planner")[1]
    assert told.startswith("That cannot be used: ") and len(told) < 1_000
    assert decisions(trials[2])["space"] is DecidedBy.MODEL


def test_without_a_plan_a_seed_that_is_no_tree_gives_way_to_one_that_is() -> None:
    bench, trials = searched(lines={"slot_planner": ["nothing"]})
    seed = next(each for each in trials if each.candidate.operator == "seed")
    assert decisions(seed) == {"space": DecidedBy.RULE, "seed": DecidedBy.RULE}
    assert bench.again["slot planner, again"] >= Settings().retries


TREE = """\
import torch.nn as nn


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.pool(self.body(self.stem(x))).flatten(1))
"""


def test_a_seed_that_is_a_tree_needs_no_modularizer_and_keeps_its_recipe_where_rules_cut_it() -> None:
    lines = {
        "executor": [fenced(TREE)],
        "planner": [experiment("a"), SUMMARY, STOP.replace("2", "1")],
        "slot_planner": ["nothing"],
    }
    bench, trials = searched(lines=lines)
    assert "modularizer" not in {role for role, _ in bench.chats}
    child = next(each for each in trials if each.candidate.operator == "one slot")
    made = decisions(child)
    assert made["space"] is DecidedBy.RULE and made["seed"] is DecidedBy.MODEL
    assert child.candidate.parents == (trials[0].candidate.id,)
    assert "torch.optim.Adam(" in str(child.candidate.source) and "0.005" in str(child.candidate.source)


def test_a_named_seed_is_cut_by_the_model() -> None:
    document = {
        "scaffold_code": SCAFFOLD.replace("        self.glue = SLOT_glue()\n", "").replace(
            "        self.merge = SLOT_merge()\n", ""
        ).replace("self.glue(self.stage(first) * self.scale)", "self.stage(first) * self.scale").replace(
            "        x = self.merge(x, first)\n", ""
        ),
        "slots": plan()["slots"][:1],
    }  # fmt: skip
    seed = "conv(8) batch_norm relu | conv(8) batch_norm relu | mean classifier"
    bench, trials = searched(lines={"slot_planner": [document]}, seed=seed)
    assert not {"planner", "executor", "modularizer"} & {role for role, _ in bench.chats}
    assert decisions(trials[0]) == {"space": DecidedBy.MODEL, "seed": DecidedBy.RULE}
    assert str(trials[0].candidate.idea).startswith("not quite the seed: Parameter")
    (chat,) = (chat for role, chat in bench.chats if role == "slot planner")
    assert "class Architecture(nn.Module)" in chat[0].content and "in_shape" not in chat[0].content


def test_a_space_whose_choices_do_not_run_is_planned_anew_with_the_reason() -> None:
    whole = SCAFFOLD.replace(
        "return self.head(x.mean((2, 3)))", "assert self.training is None\n        return x"
    )
    bench, trials = searched(lines={"slot_planner": [plan(whole), plan()]}, repairs=0)
    assert "no slot has an alternative that runs" in bench.last("slot planner")[1]
    assert decisions(trials[-1])["space"] is DecidedBy.MODEL
    hopeless, last = searched(lines={"slot_planner": [plan(whole)]}, repairs=0, replans=2)
    assert decisions(last[-1])["space"] is DecidedBy.RULE
    asked = [role for role, _ in hopeless.chats if role.startswith("slot planner")]
    assert asked[:3] == ["slot planner", *["slot planner, again"] * 2]


def test_slots_beyond_the_most_stay_as_the_seed_has_them() -> None:
    _, trials = searched(slots=1, generations=5)
    named = {each.candidate.idea for each in trials if each.candidate.operator == "one slot"}
    assert named and not any("merge" in str(each) or "glue" in str(each) for each in named)
