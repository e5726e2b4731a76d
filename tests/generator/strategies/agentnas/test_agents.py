"""AgentNAS with a scripted model: whole searches, and phase 1, whatever the model answers."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from corpus.records.search.proposals import DecidedBy
from corpus.records.tasks.kinds import TaskKind
from evaluator.tasks.catalogue import task_names
from generator.strategies.agentnas.programs import NATIVE
from generator.strategies.agentnas.seeds import seed_ids
from generator.strategies.agentnas.settings import Settings
from generator.strategies.agentnas.strategy import build
from generator.strategies.catalogue import listed
from tests.generator.strategies.agentnas.scripted import (
    SUMMARY,
    Line,
    ScriptedBench,
    architecture,
    experiment,
    fenced,
)
from tests.generator.strategies.agentnas.searching import (
    LINES,
    REPORT,
    SCRIPT,
    SMALL,
    SPACE,
    STOP,
    decisions,
    searched,
    width,
)
from tests.generator.strategies.agentnas.test_agentnas import heard
from tests.generator.strategies.benches import REQUEST


def test_a_whole_search_by_a_model_from_exploring_to_the_last_generation() -> None:
    bench, trials = searched()
    first, second, *others = trials
    assert [each.candidate.operator for each in trials[:3]] == ["experiment", "experiment", "one slot"]
    assert first.candidate.idea == "arch_001: narrow" and second.candidate.idea == "arch_002: wide"
    assert decisions(first) == {"plan": DecidedBy.MODEL, "program": DecidedBy.MODEL}
    assert first.candidate.call_id is not None and first.candidate.key != second.candidate.key
    assert "torch.optim.Adam(" in str(first.candidate.source) and "0.005" in str(first.candidate.source)
    assert all(each.candidate.parents == (second.candidate.id,) for each in others[:3])
    assert len(others) == 3 + 4 and seed_ids(trials) == {second.candidate.id}
    for trial in others:
        assert decisions(trial)["space"] is DecidedBy.MODEL and decisions(trial)["seed"] is DecidedBy.MODEL
        assert "torch.optim.Adam(" in str(trial.candidate.source)
    roles = Counter(role for role, _ in bench.chats)
    assert roles["planner"] == 4 and roles["explorer"] == 2 and roles["executor"] == 2
    assert roles["modularizer"] == 1 and roles["slot planner"] == 1 and "slot planner, again" not in roles
    assert bench.again == {"slot executor, again": 2 * SMALL["repairs"]}
    (asked,) = (chat for role, chat in bench.chats if role == "slot planner")
    assert "class Stage(" in asked[0].content and "small dark things" in asked[0].content
    assert "wider is better" in asked[0].content and "score 0.0" in asked[0].content
    assert [role for role, _ in bench.scripts].count("checker") == 1


def test_a_search_says_the_same_again() -> None:
    first, again = searched(), searched()
    assert [each.candidate for each in first[1]] == [each.candidate for each in again[1]]
    assert first[0].chats == again[0].chats and first[0].scripts == again[0].scripts


def test_the_slots_have_what_could_be_implemented_and_identity_and_zero_where_shapes_allow() -> None:
    _, trials = searched(generations=10, population=16, tournament=5)
    used = [each.candidate.idea or "" for each in trials if each.candidate.operator != "experiment"]
    named = {part for idea in used for part in idea.split(", ") if not part.startswith("learning")}
    assert named <= {
        "stage: identity", "stage: zero", "stage: conv5x5", "stage: depthwise", "glue: zero", "glue: gelu",
        "glue: batch norm", "merge: identity", "merge: zero", "merge: sum", "",
    }  # fmt: skip
    assert {"stage: conv5x5", "merge: sum", "glue: gelu", "stage: zero"} <= named


def test_results_of_the_last_proposals_stand_in_the_planner_s_chat_which_grows() -> None:
    lines = {"executor": [fenced(architecture(4), '{"lr": 0.1, "ema": 1}'), "nothing"]}
    bench, trials = searched(lines=lines)
    assert trials[1].candidate.source is None and "not implemented" in str(trials[1].candidate.idea)
    assert "; dropped ema" in str(trials[0].candidate.idea)
    told = bench.last("planner")
    assert "small dark things" in told[1]
    assert "arch_001: 0.04" in told[2] and "arch_002: failed, not implemented" in told[2]
    assert "Dropped of the recipe of arch_001: ema" in told[2] and "158 evaluations remain" in told[2]
    last = next(chat for role, chat in reversed(bench.chats) if role.startswith("planner"))
    assert [each.role for each in last] == ["system", *["user", "assistant"] * 3, "user"]
    assert bench.again["executor, again"] == SMALL["repairs"]


def test_architectures_that_a_description_names_are_shown_and_are_its_parents() -> None:
    planner = [experiment("narrow"), SUMMARY, experiment("like arch_001, wider", first=2), SUMMARY, STOP]
    bench, trials = searched(lines={"planner": planner})
    assert trials[1].candidate.parents == (trials[0].candidate.id,)
    shown = bench.last("executor")[1]
    assert "## arch_001 (status=COMPLETE, score=0.04" in shown and "nn.Conv2d(1, 4, 3" in shown


def test_an_error_goes_back_to_the_executor_who_repairs_it() -> None:
    broken = fenced(architecture(4, extra=".unknown()"))
    bench, trials = searched(
        lines={"executor": [broken, "no code", fenced(architecture(4)), fenced(architecture(8))]}
    )
    told = bench.last("executor")
    assert "unknown" in told[1] and "Only fix bugs" in told[1] and "class Architecture" in told[2]
    assert str(trials[0].candidate.idea).endswith("repaired 2") and trials[0].accuracy is not None


def test_no_report_counts_before_a_script_has_run_to_its_end() -> None:
    lies = "```python\nraise ValueError\n```\n<REPORT>made up</REPORT>"
    bench, _ = searched(lines={"explorer": [REPORT, lies, REPORT, SCRIPT, REPORT]})
    told = bench.last("explorer")
    assert "No <REPORT> before" in told[1] and "ValueError" not in told[1]
    assert "raised" in told[2] and "No <REPORT> before" in told[3] and "(4, 1, 12, 12)" in told[4]
    assert bench.again["explorer, again"] == 2
    assert "made up" not in bench.last("planner")[1] and "small dark things" in bench.last("planner")[1]


def test_a_data_explorer_has_so_many_steps_and_its_outputs_stand_for_a_report() -> None:
    bench, _ = searched(lines={"explorer": [SCRIPT]}, explorer_steps=3)
    assert len(bench.last("explorer")) == 3 and "last step" in bench.last("explorer")[2]
    assert [role for role, _ in bench.scripts].count("explorer") == 2
    assert (
        "No report was written" in bench.last("planner")[1] and "(4, 1, 12, 12)" in bench.last("planner")[1]
    )
    endless, _ = searched(lines={"planner": ["<EXPLORE>look</EXPLORE>"]}, explorations=2, most=1)
    assert len(endless.last("planner")) == 2 + 1 + Settings().retries
    assert "often enough" in endless.last("planner")[3]


def test_failures_cost_evaluations_and_not_patience() -> None:
    endless: list[Line] = [experiment("one", "two"), SUMMARY] * 40
    failing, failed = searched(
        lines={"planner": endless, "executor": ["nothing"]}, evaluations=12, patience=2, repairs=0
    )
    tried = [each for each in failed if each.candidate.operator == "experiment"]
    assert len(tried) == 12 and len(failing.last("planner")) == 12
    _, same = searched(
        lines={"planner": endless, "executor": [fenced(architecture(8))]}, evaluations=12, patience=3
    )
    assert sum(each.candidate.operator == "experiment" for each in same) == 4
    _, scaled = searched(lines={"planner": endless, "executor": ["nothing"]}, scale=0.05, repairs=0)
    assert sum(each.candidate.operator == "experiment" for each in scaled) == 8


@pytest.mark.parametrize(
    "said",
    ["", "I would rather not.", "<EXPERIMENT></EXPERIMENT>", "<EXPERIMENT><ARCH id='arch_001'>", STOP, None],
)
def test_a_planner_that_says_nothing_usable_leaves_phase_1_to_the_rules(said: Line) -> None:
    bench, trials = searched(lines={"planner": [said]}, evaluations=8)
    assert bench.again["planner, again"] == Settings().retries
    assert [each.candidate.operator for each in trials[:8]].count("experiment") == 0
    assert (
        decisions(next(each for each in trials if each.candidate.operator == "seed"))["seed"]
        is DecidedBy.RULE
    )


def test_what_the_planner_tried_before_it_fell_silent_is_kept_and_the_rest_goes_to_the_rules() -> None:
    bench, trials = searched(
        lines={
            "planner": [experiment("wide"), "no summary", "none", "?"],
            "executor": [fenced(architecture(90))],
        },
        evaluations=6,
    )
    assert [each.candidate.operator == "experiment" for each in trials[:6]] == [True, *[False] * 5]
    assert bench.again["planner, again"] == 1 + Settings().retries
    seed = next(each for each in trials if each.candidate.operator == "seed")
    assert seed.candidate.parents == (trials[0].candidate.id,)


def test_without_a_model_nobody_is_asked_twice() -> None:
    bench = ScriptedBench({}, model=None)
    trials = heard(bench, build(Settings(**SMALL, evaluations=4), SPACE).search(bench), width)
    assert {role for role, _ in bench.chats} == {"planner"} and not bench.scripts
    assert decisions(trials[-1])["space"] is DecidedBy.RULE


def test_no_message_names_a_task() -> None:
    bench, _ = searched(lines={"executor": ["nothing", fenced(architecture(4)), fenced(architecture(8))]})
    words = "\n".join(each.content for _, chat in bench.chats for each in chat)
    assert "TASK_X" in words
    for name in task_names():
        assert not re.search(rf"\b{re.escape(name)}\b", words, re.IGNORECASE), name


def test_its_programs_come_from_the_model_so_there_is_one_to_teach() -> None:
    assert listed("agentnas").asks_model


def test_for_another_kind_of_task_the_model_writes_for_it_and_nothing_is_carried() -> None:
    bench = ScriptedBench({**LINES, "executor": [fenced(architecture(8), '{"label_smoothing": 0.1}')]})
    kind = REQUEST.shape.model_copy(update={"kind": TaskKind.MULTI_LABEL})
    bench.request = REQUEST.model_copy(update={"shape": kind})
    trials = heard(bench, build(Settings(**SMALL), SPACE).search(bench), width)
    assert all("BCEWithLogitsLoss" in chat[0].content for role, chat in bench.chats if role == "planner")
    assert "dropped label_smoothing (not for multi-label targets)" in str(trials[0].candidate.idea)
    for trial in trials:
        source = str(trial.candidate.source)
        assert source.startswith(NATIVE) and "self.criterion = nn.BCEWithLogitsLoss()" in source
    assert decisions(trials[-1])["space"] is DecidedBy.MODEL
