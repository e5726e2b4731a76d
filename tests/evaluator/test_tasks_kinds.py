"""The generated tasks of other kinds, what a constant answer is worth, and the statistics of numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from corpus.records.tasks.kinds import TaskKind
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.supervisor.demands import require_fit
from evaluator.tasks import Examples, Splits, load_task, resized, task_spec
from evaluator.tasks.baseline import baseline
from evaluator.tasks.generated import scenes
from evaluator.tasks.generated.darcy import draw_flows
from evaluator.tasks.generated.motifs import draw_sequences, planted
from evaluator.tasks.generated.painting import SIDE
from evaluator.tasks.generated.scenes import SHOWN, labelled, masked
from evaluator.tasks.generated.waves import BANDS, draw_waves
from evaluator.tasks.statistics import channel_statistics, fingerprint

Draw = Callable[[int, tuple[int, ...]], Examples]

DRAWN: list[tuple[Draw, str]] = [
    (labelled, "02b95fe9619e"),
    (masked, "a53d38861866"),
    (draw_flows, "768664fd5e0a"),
    (draw_waves, "1e3db6c565ac"),
    (draw_sequences, "3977dcc0a006"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize(
    "name",
    ["shapes-labels", "shapes-masks", "waves", "motifs", pytest.param("darcy", marks=pytest.mark.slow)],
)
def test_a_task_has_the_shapes_that_it_declares_and_no_input_twice(name: str) -> None:
    """Loading also compares the fingerprint, so that every machine has the same bytes."""
    task = load_task(name)
    seen: set[bytes] = set()
    for split in (task.train, task.val, task.read_test()):
        assert split.inputs.shape[1:] == task.shape.input_shape
        assert split.targets.shape == (len(split), *task.shape.target_shape)
        assert np.isfinite(split.inputs).all() and np.isfinite(split.targets).all()
        assert f"{len(split):,}" in task.spec.description
        seen |= {each.tobytes() for each in split.inputs}
    assert len(seen) == len(task.train) + len(task.val) + len(task.read_test())
    named = task.shape.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)
    assert task.train.targets.dtype == (np.int64 if named else np.float32)
    if named:
        assert set(np.unique(task.val.targets).tolist()) == set(range(task.shape.classes))
    if not named and task.shape.kind is TaskKind.MULTI_LABEL:
        assert set(np.unique(task.train.targets).tolist()) == {0.0, 1.0}
    if task.shape.kind is TaskKind.SINGLE_LABEL:
        assert task.spec.baseline is None and task.spec.chance == 1 / task.shape.classes
    else:
        assert task.spec.baseline is not None and 0.1 < task.spec.baseline == task.spec.chance < 0.5


@pytest.mark.parametrize(("draw", "expected"), DRAWN)
def test_a_few_examples_are_the_same_on_every_machine(draw: Draw, expected: str) -> None:
    drawn = draw(10, (9,))
    assert fingerprint(Splits(drawn, drawn, drawn)) == expected
    assert fingerprint(Splits(draw(10, (8,)), drawn, drawn)) != expected


# shapes-labels and shapes-masks


def test_a_label_is_1_where_its_shape_has_a_pixel_in_the_mask() -> None:
    labels, masks = labelled(200, (9,)), masked(200, (9,))
    assert np.array_equal(labels.inputs, masks.inputs)
    for number, _ in enumerate(SHOWN):
        assert np.array_equal(labels.targets[:, number] == 1, (masks.targets == number + 1).any(axis=(1, 2)))


def test_a_shape_is_seen_where_its_mask_is() -> None:
    """Inside of a shape brightness differs from the background's, outside of all shapes hardly."""
    drawn = masked(300, (9,))
    grey = drawn.inputs.mean(axis=1)
    ground = np.median(grey.reshape(300, -1), axis=1)[:, None, None]
    apart = np.abs(grey - ground)
    assert np.median(apart[drawn.targets == 0]) < 8
    for number, _ in enumerate(SHOWN):
        assert np.median(apart[drawn.targets == number + 1]) > 30


def test_what_the_bar_hides_is_background(monkeypatch: pytest.MonkeyPatch) -> None:
    def everywhere(dice: scenes.Dice, *_: object) -> tuple[np.ndarray, np.ndarray]:
        inside = np.full((dice.count, SIDE, SIDE), -9, dtype=np.float32)
        return inside, np.zeros((dice.count, 3, 1, 1), dtype=np.float32)

    monkeypatch.setattr(scenes, "bar", everywhere)
    assert not masked(20, (9,)).targets.any()


# waves and motifs


def test_the_strongest_frequency_of_a_wave_lies_in_its_band() -> None:
    drawn = draw_waves(800, (9,))
    centred = drawn.inputs[:, 0] - drawn.inputs[:, 0].mean(axis=1, keepdims=True)
    strongest = np.abs(np.fft.rfft(centred)).argmax(axis=1)
    low, high = np.array(BANDS)[drawn.targets % 2].T
    assert ((strongest >= low - 1) & (strongest <= high + 1)).mean() > 0.95
    assert np.bincount(drawn.targets).tolist() == [100] * 8


def test_a_square_wave_is_told_from_the_others_by_its_moments() -> None:
    """A square is the flattest: its fourth moment, by the square of the second, is the smallest."""
    drawn = draw_waves(800, (9,))
    kurtosis = [
        float(np.median([np.mean((s - s.mean()) ** 4) / np.var(s) ** 2 for s in drawn.inputs[shown, 0]]))
        for shown in (drawn.targets // 2 == form for form in range(4))
    ]
    assert min(kurtosis) == kurtosis[2]


def test_a_motif_is_there_but_for_a_letter_where_its_label_says_so_and_hardly_elsewhere() -> None:
    drawn = draw_sequences(500, (9,))
    assert (drawn.inputs.sum(axis=1) == 1).all() and set(np.unique(drawn.inputs)) == {0.0, 1.0}
    letters = drawn.inputs.argmax(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(letters, 12, axis=1)
    for number, motif in enumerate(planted()):
        there = ((windows == motif).sum(axis=2) >= 11).any(axis=1)
        shown = drawn.targets[:, number] == 1
        assert there[shown].all() and there[~shown].mean() < 0.02
        assert 0.25 < shown.mean() < 0.45


def test_a_private_seed_has_motifs_of_its_own() -> None:
    assert (planted(7) != planted()).any(axis=1).all()


# What a constant answer is worth


def examples(targets: np.ndarray) -> Examples:
    return Examples(np.zeros((len(targets), 1, 2, 2), dtype=np.uint8), targets)


def test_labels_that_are_all_equal_are_worth_the_mean_share_of_those_that_hold_somewhere() -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=np.float32)
    assert baseline(TaskKind.MULTI_LABEL, examples(targets), examples(targets)) == pytest.approx(
        (0.75 + 0.25) / 2
    )


def test_the_class_of_most_training_positions_is_worth_its_intersection_over_union() -> None:
    train = np.array([[[1, 1], [1, 0]]] * 3)
    val = np.array([[[0, 0], [0, 1]]])
    found = baseline(TaskKind.SEGMENTATION, examples(train), examples(val))
    random = np.mean([0.25 / 1.75, 0.75 / 1.25])
    assert found == pytest.approx(max(random, (1 / 4 + 0) / 2))


def test_answers_at_random_are_worth_more_where_classes_are_even() -> None:
    even = np.random.default_rng(0).integers(0, 3, size=(50, 8, 8))
    shuffled = np.random.default_rng(1).integers(0, 3, size=(50, 8, 8))
    from evaluator.metrics import score

    found = baseline(TaskKind.SEGMENTATION, examples(even), examples(even))
    assert found == pytest.approx(score(TaskKind.SEGMENTATION, shuffled, even), abs=0.01)


def test_the_training_means_are_worth_one_less_their_relative_error() -> None:
    train = np.stack([np.full((2, 2, 2), 1.0), np.full((2, 2, 2), 3.0)]).astype(np.float32)
    val = np.full((1, 2, 2, 2), 2.5, dtype=np.float32)
    assert baseline(TaskKind.REGRESSION, examples(train), examples(val)) == pytest.approx(1 - 0.5 / 2.5)
    far = np.full((1, 2, 2, 2), -1.0, dtype=np.float32)
    assert baseline(TaskKind.REGRESSION, examples(train), examples(far)) == 0.0


def test_where_each_image_has_one_class_guessing_is_beaten() -> None:
    assert (
        baseline(TaskKind.SINGLE_LABEL, examples(np.zeros(3, np.int64)), examples(np.zeros(3, np.int64)))
        is None
    )


# Statistics and sizes


@pytest.mark.parametrize("form", [(2500, 3, 40), (2500, 2, 5, 7)])
def test_the_statistics_of_numbers_are_those_of_numpy_in_their_unit(form: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0).normal(50.0, 3.0, size=form).astype(np.float32)
    mean, std = channel_statistics(numbers)
    others = (0, *range(2, len(form)))
    np.testing.assert_allclose(mean, numbers.astype(np.float64).mean(axis=others), rtol=1e-6)
    np.testing.assert_allclose(std, numbers.astype(np.float64).std(axis=others), rtol=1e-6)


@pytest.mark.parametrize("number", [0.0, 0.1, 1e6, 1e-38])
def test_a_channel_of_numbers_that_never_changes_can_still_be_normalised(number: float) -> None:
    mean, std = channel_statistics(np.full((40, 1, 9), number, dtype=np.float32))
    assert mean == (float(np.float32(number)),) and std == (1.0,)


def test_numbers_of_equal_bytes_and_other_types_or_shapes_have_other_fingerprints() -> None:
    inputs, targets = np.zeros((4, 1, 6), dtype=np.float32), np.zeros((4, 2, 3), dtype=np.int64)
    forms = [
        Examples(inputs, targets),
        Examples(inputs, targets.astype(np.float64)),
        Examples(inputs.view(np.int32), targets),
        Examples(inputs, targets.reshape(4, 6)),
    ]
    assert len({fingerprint(Splits(each, each, each)) for each in forms}) == len(forms)


@pytest.mark.parametrize("setting", [{"resize": 16}, {"flip": True}])
@pytest.mark.parametrize("name", ["shapes-masks", "darcy", "waves", "motifs"])
def test_only_images_without_dense_targets_are_changed(name: str, setting: dict[str, int]) -> None:
    (word,) = setting
    with pytest.raises(TaskDataError, match=rf"'{name}'.*evaluator\.{word} .*Leave evaluator\.{word} out"):
        require_fit(task_spec(name), EvaluatorConfig.model_validate({"task": name, **setting}))
    require_fit(task_spec("shapes-labels"), EvaluatorConfig.model_validate(setting))


def test_images_with_labels_are_resized() -> None:
    assert task_spec("shapes-labels").resized(16).shape.input_shape == (3, 16, 16)
    assert resized(labelled(4, (9,)), 16).inputs.shape == (4, 3, 16, 16)
