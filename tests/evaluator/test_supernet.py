"""The supernet: trained, kept and asked in a process of its own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import SandboxError
from evaluator.supernet.config import SupernetConfig
from evaluator.supernet.inherited import SupernetEvaluator
from evaluator.tasks import load_task
from generator.spaces.cells import OPERATORS, CellSpace

SHAPE = TaskShape(channels=1, height=8, width=8, classes=10)
SPACE = CellSpace(SHAPE)
CONFIG = SupernetConfig(
    task="digits-clean", operators=OPERATORS, width=4, reductions=1, epochs=2, calibration_images=128
)


def cell_of(candidate: Candidate) -> tuple[str, ...] | None:
    return SPACE.decode(candidate.completion)


def draw(count: int) -> list[Candidate]:
    rng = random.Random(0)
    lines = [SPACE.encode(SPACE.sample(rng)) for _ in range(count)]
    return [Candidate.imported(f"t/{index}", each, generator="test") for index, each in enumerate(lines)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "not" / "there"


def test_cells_are_judged_and_a_kept_supernet_judges_alike(home: Path) -> None:
    with SupernetEvaluator(CONFIG, cell_of, home) as evaluator:
        first = list(evaluator.evaluate(draw(6)))
    kept = [path.name for path in home.iterdir()]
    with SupernetEvaluator(CONFIG, cell_of, home) as evaluator:
        second = list(evaluator.evaluate(draw(6)))
    assert first == second
    assert kept == [f"supernet-{CONFIG.key}.safetensors"]
    assert max(each.accuracy or 0.0 for each in first) > 0.2
    assert {each.status for each in first} <= {EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE}
    assert len({each.accuracy for each in first}) > 1


def test_a_cells_accuracy_does_not_depend_on_what_was_asked_before(home: Path) -> None:
    candidates = draw(4)
    with SupernetEvaluator(CONFIG, cell_of, home) as evaluator:
        forth = [each.accuracy for each in evaluator.evaluate(candidates)]
        back = [each.accuracy for each in evaluator.evaluate(reversed(candidates))]
    assert forth == back[::-1]


def test_what_is_no_cell_breaks_its_contract(home: Path) -> None:
    stranger = Candidate.imported("t/0", "import torch\n", generator="test")
    with SupernetEvaluator(CONFIG, cell_of, home) as evaluator:
        (evaluation,) = evaluator.evaluate([stranger])
    assert evaluation.status is EvaluationStatus.CONTRACT_ERROR


def test_a_process_that_ends_is_broken_machinery_with_its_last_words(tmp_path: Path) -> None:
    unknown = CONFIG.model_copy(update={"operators": ("skip", "conv9x9")})
    with (
        pytest.raises(SandboxError, match="knows no operator conv9x9"),
        SupernetEvaluator(unknown, cell_of, tmp_path),
    ):
        pass


def test_other_settings_are_another_supernet_and_another_protocol(tmp_path: Path) -> None:
    other = CONFIG.model_copy(update={"seed": 1})
    assert other.key != CONFIG.key
    one, two = (SupernetEvaluator(each, cell_of, tmp_path).protocol_id for each in (CONFIG, other))
    assert one.startswith("supernet:digits-clean-v1/e2/b64/s0/n") and one != two


def test_the_supernet_computes_what_the_cells_program_does() -> None:
    """With the supernet's weights laid into it, a cell's program gives the scores of its path."""
    import torch

    from evaluator.supernet.network import Supernet
    from tests.generator.spaces.building import build, images

    config = CONFIG.model_copy(update={"width": SPACE.width})
    supernet = Supernet(config, SHAPE).eval()
    cell = ("conv3x3", "skip", "conv1x1", "none", "pool3x3", "conv3x3")
    net = build(SPACE.render(cell), SHAPE).eval()
    convolutions = [(0, "conv3x3"), (2, "conv1x1"), (5, "conv3x3")]  # in the order of the program's names
    stem, norm, *stages = net.features
    stem.load_state_dict(supernet.stem[0].state_dict())
    norm.load_state_dict(supernet.stem[1].state_dict())
    stages[1].load_state_dict(supernet.reductions[0].state_dict())
    stages[3].load_state_dict(supernet.last[0].state_dict())
    net.classifier.load_state_dict(supernet.classifier.state_dict())
    for stage, shared in zip((stages[0], stages[2]), supernet.cells, strict=True):
        own = [module for name, module in stage.named_children() if name.startswith("conv")]
        for module, (edge, op) in zip(own, convolutions, strict=True):
            module.load_state_dict(shared.choices[edge][op].state_dict())
    with torch.no_grad():
        some = images(SHAPE, 3)
        assert torch.allclose(net(some), supernet(some, cell), atol=1e-5)


def test_training_reads_no_test_split(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from evaluator.supernet import training
    from evaluator.tasks import Task

    def refuse(_: Task) -> None:
        raise AssertionError("the test split was asked for")

    monkeypatch.setattr(Task, "read_test", refuse)
    with pytest.raises(AssertionError):
        load_task("digits-clean").read_test()
    supernet = training.TrainedSupernet(CONFIG.model_copy(update={"epochs": 1}), tmp_path)
    assert 0.0 <= supernet.accuracy(("skip",) * 6) <= 1.0
