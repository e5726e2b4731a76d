"""What AgentNAS's model writes, in the real sandbox: programs are judged, scripts give their verdicts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import EvaluationStatus
from cycles.config.run import load_config
from cycles.parts import build_sandbox, task_shape
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.slots.checking import comparing_script, problem_in, trying_script
from generator.slots.contract import Alternative, Slot
from generator.slots.cutting import cut
from generator.slots.sharing import NothingLearnt, logits_in, sharing_script
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.programs import program
from generator.strategies.agentnas.recipe import Recipe
from tests.generator.strategies.agentnas.scripted import MODULAR, architecture

CONFIG = load_config("cpu-tiny", ["evaluator.train_images=600", "evaluator.scripts.cpu_seconds=5"])
ORIGINAL, MODULES = architecture(8), MODULAR.replace("WIDTH", "8")
RECIPE = Recipe(
    lr=0.02, scheduler="warmup_cosine", warmup=0.1, grad_clip=1.0, label_smoothing=0.1,
    augmentations=("mixup", "cutmix", "random_erasing"),
)  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with build_sandbox(CONFIG) as started:
        yield started


def test_a_program_with_every_part_of_a_recipe_is_judged(sandbox: SandboxedEvaluator) -> None:
    source = program(ORIGINAL, RECIPE, task_shape(CONFIG))
    (probe,) = sandbox.probe([source])
    assert probe.passed, probe.error
    candidate = Candidate(
        id="c000/0000", origin=Origin.SAMPLED, source=source, completion=source, cycle=0, index=0,
        generator="agentnas-1",
    )  # fmt: skip
    (evaluation,) = sandbox.evaluate([candidate])
    ran = (EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE)
    assert evaluation.status in ran, (evaluation.status, evaluation.error)
    assert evaluation.passes == pytest.approx(1.0, abs=0.1)


def test_scripts_give_their_verdicts(sandbox: SandboxedEvaluator) -> None:
    shape = task_shape(CONFIG).input_shape
    for text, fine in ((MODULES, True), (MODULES.replace("F.relu(self.body", "F.gelu(self.body"), False)):
        problem = problem_in(sandbox.execute(comparing_script(ORIGINAL, text, shape)), ORIGINAL, text)
        assert (problem is None) == fine, problem
    seed = Alternative(name="seed", origin="seed", text="pass")
    slot = Slot(name="a", entering=(4, 6, 6), leaving=(4, 6, 6), alternatives=(seed,))
    text = "import torch.nn as nn\n\n\nclass SLOT_a(nn.Identity):\n    pass\n"
    assert problem_in(sandbox.execute(trying_script(text, slot)), text) is None
    other = slot.model_copy(update={"leaving": (4, 3, 3)})
    assert "(2, 4, 6, 6)" in str(problem_in(sandbox.execute(trying_script(text, other)), text))


def test_shared_weights_are_trained_over_the_training_split(sandbox: SandboxedEvaluator) -> None:
    shape = task_shape(CONFIG)
    space = TreeSpace(shape, max_parameters=CONFIG.evaluator.max_parameters)
    seed = space.decode("conv(4) relu | conv(4) relu conv(8, stride=2) relu | mean classifier")
    assert seed is not None
    slotted = cut(seed, shape, space.library, random.Random(0), alternatives=3)
    script = sharing_script(slotted, shape, epochs=1, seed=5)
    first, again = (logits_in(sandbox.execute(script), slotted) for _ in range(2))
    assert first == again and [len(row) for row in first] == [3, 3, 3]
    assert any(abs(each) >= 0.05 for row in first for each in row)
    late = sharing_script(slotted, shape, epochs=10_000, seed=5)
    with pytest.raises(NothingLearnt, match="processor time"):
        logits_in(sandbox.execute(late), slotted)
