"""The proxy in a process: what `learn` is given, and that being fast changes no program's meaning."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.diagnosis import Rejected
from evaluator.child.lint import lint
from evaluator.child.reuse import DataUse
from evaluator.child.speed.acceleration import fuse_optimizers, prefer_channels_last
from evaluator.child.train_data import Flip, Normalisation, TrainData
from evaluator.config import EvaluatorConfig
from tests.evaluator_programs import FORWARD, INIT, LEARN, program

SHAPE = TaskShape(channels=3, height=8, width=8, classes=4)
COUNT = 83


def plan(**settings: object) -> Plan:
    config = EvaluatorConfig.model_validate({"batch_size": 8, **settings})
    return Plan(config=config, shape=SHAPE, train_images=COUNT, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def images_and_labels() -> tuple[Tensor, Tensor]:
    """Images whose mean brightness tells their class."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, SHAPE.classes, (COUNT,), generator=generator)
    noise = torch.randint(0, 64, (COUNT, 3, 8, 8), generator=generator)
    return (noise + labels.view(-1, 1, 1, 1) * 60).to(torch.uint8), labels


def train_data(**settings: object) -> TrainData:
    return TrainData(*images_and_labels(), plan(**settings), epoch=0)


def load(source: str) -> ModuleType:
    module = ModuleType("program")
    exec(compile(source, "<program>", "exec"), module.__dict__)
    return module


def trained(source: str, protocol: Plan) -> nn.Module:
    proxy.seed_everything(protocol)
    module = load(source)
    prm = proxy.hyperparameters(module, protocol)
    net = proxy.build(module, prm, protocol)
    proxy.check_forward(net, images_and_labels()[0], protocol)
    proxy.train(net, prm, *images_and_labels(), protocol)
    return net


def weights(net: nn.Module) -> Tensor:
    return torch.cat([each.detach().flatten() for each in net.parameters()])


def test_an_image_is_normalised_by_the_statistics_of_its_channels() -> None:
    images = images_and_labels()[0]
    mean, std = torch.tensor(plan().mean), torch.tensor(plan().std)
    expected = (images.double() / 255 - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    torch.testing.assert_close(Normalisation(plan())(images).double(), expected, rtol=1e-5, atol=1e-5)


def test_an_epoch_shows_every_image_once_with_its_own_label() -> None:
    all_images, all_labels = Normalisation(plan())(images_and_labels()[0]), images_and_labels()[1]
    seen = []
    for inputs, labels in train_data():
        for image, label in zip(inputs, labels, strict=True):
            index = int((all_images == image).flatten(1).all(dim=1).nonzero().item())
            assert all_labels[index] == label
            seen.append(index)
    assert len(set(seen)) == len(seen) == COUNT


def test_its_length_is_the_number_of_batches_that_it_gives_before_and_after() -> None:
    data = train_data()
    promised = len(data)
    assert [inputs.shape[0] for inputs, _ in data] == [8] * (promised - 1) + [COUNT % 8]
    assert (data.n, data.total, len(data)) == (promised, promised, promised)


AGAIN: dict[str, Callable[[TrainData], list[Any]]] = {
    "for": lambda data: [batch for _ in range(3) for batch in data],
    "iter": lambda data: list(iter(data)),
    "next": lambda data: [batch for _ in range(3) if (batch := next(data, None)) is not None],
    "reset": lambda data: [data.reset(), *data][1:],
    "enumerate": lambda data: list(enumerate(data)),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())
def test_a_second_pass_yields_nothing_however_it_is_asked_for(
    again: Callable[[TrainData], list[Any]],
) -> None:
    data = train_data()
    assert len(list(data)) == -(-COUNT // 8)
    assert again(data) == []


def test_a_pass_that_is_left_goes_on_where_it_was_left() -> None:
    data, whole = train_data(), [labels for _, labels in train_data()]
    parts = [next(data)[1], *(labels for _, labels in itertools.islice(data, 3))]
    parts += [labels for _, labels in data]
    assert all(torch.equal(first, second) for first, second in zip(parts, whole, strict=True))


def test_two_passes_of_one_epoch_have_the_same_order_and_other_epochs_have_others() -> None:
    def order(epoch: int) -> Tensor:
        data = TrainData(*images_and_labels(), plan(), epoch)
        return torch.cat([labels for _, labels in data])

    assert torch.equal(order(0), order(0)) and not torch.equal(order(0), order(1))


@pytest.mark.parametrize("name", ["dataset", "iterable", "images", "labels", "sampler", "batch_sampler"])
def test_it_shows_no_way_to_the_images_but_its_one_pass(name: str) -> None:
    assert not hasattr(train_data(), name)


def test_it_has_what_programs_use_of_a_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with train_data() as data:
        data.set_description("training", refresh=False)
        data.set_description_str("training")
        for _ in data:
            data.set_postfix({"step": data.n}, loss=0.5)
            data.set_postfix_str("x", refresh=False)
            data.update(1)
        for quiet in (data.refresh, data.display, data.clear, data.reset, data.unpause, data.close):
            quiet()
        data.write("done", end="!")
    assert capsys.readouterr() == ("done!", "")


def test_a_program_that_changes_its_inputs_does_not_change_the_data() -> None:
    images, labels = images_and_labels()
    for inputs, targets in TrainData(images, labels, plan(), epoch=0):
        inputs.zero_()
        targets.zero_()
    assert torch.equal(images, images_and_labels()[0]) and torch.equal(labels, images_and_labels()[1])


def used(learn: str, **settings: object) -> DataUse:
    """Return how a program with `learn` uses the images, as its process notes it."""
    protocol = plan(**settings)
    proxy.seed_everything(protocol)
    module, use = load(program(learn=learn)), DataUse(protocol)
    net = proxy.build(module, prm := proxy.hyperparameters(module, protocol), protocol)
    proxy.check_forward(net, images_and_labels()[0], protocol, forward=use.checking(proxy.call))
    proxy.train(net, prm, *images_and_labels(), protocol, watch=use)
    return use


@pytest.mark.parametrize(
    ("learn", "passes"),
    [
        (LEARN, 1.0),
        ("for _ in range(3):\n    for x, y in train_data: self(x)", 1.0),
        ("for x, y in train_data: self(x), self(x)", 2.0),
        ("for x, y in train_data: self(torch.cat([x, x]))", 2.0),
        ("self.eval()\nfor x, y in train_data: self(x), self(x), self(x)", 3.0),
        ("for x, y in train_data: self.forward(x), self.forward(x)", 2.0),
        ("for x, y in train_data: self.head(self.body(x).flatten(1)), self(x)", 2.0),
        ("kept = list(train_data)\nfor x, y in kept * 4: self(x)", 4.0),
        ("with torch.no_grad():\n    for x, y in train_data: self(x)", 0.0),
        ("for x, y in train_data:\n    self(x)\n    with torch.no_grad(): self(x)", 1.0),
        ("twin = __import__('copy').deepcopy(self)\nfor x, y in train_data: self(x), twin(x)", 1.0),
        ("pass", 0.0),
    ],
)
@pytest.mark.parametrize("epochs", [1, 2])
def test_passes_are_the_images_learnt_from_for_each_that_was_given(
    learn: str, passes: float, epochs: int
) -> None:
    assert used(learn, epochs=epochs).passes == pytest.approx(passes)


def test_counting_passes_ends_with_the_training() -> None:
    use = used(LEARN)
    nn.Linear(2, 2)(torch.zeros(1, 2))
    assert use.passes == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_a_fused_optimizer_learns_what_the_ordinary_one_learns(kind: str) -> None:
    def run(fuse: bool) -> Tensor:
        torch.manual_seed(0)
        net: Any = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 4))
        net.optimizer = getattr(torch.optim, kind)(net.parameters(), lr=0.01, weight_decay=0.01)
        if fuse:
            fuse_optimizers(net)
            assert net.optimizer.param_groups[0]["fused"]
        for inputs, labels in train_data():
            net.optimizer.zero_grad()
            nn.functional.cross_entropy(net(inputs), labels).backward()
            net.optimizer.step()
        return weights(net)

    torch.testing.assert_close(run(fuse=True), run(fuse=False), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_a_gradient_in_another_layout_than_its_parameter_is_not_mixed_up(kind: str) -> None:
    def run(fuse: bool) -> Tensor:
        torch.manual_seed(0)
        net: Any = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        net.optimizer = getattr(torch.optim, kind)(net.parameters(), lr=0.1)
        if fuse:
            fuse_optimizers(net)
        net.weight.grad = torch.randn(4, 3, 3, 3)
        net.optimizer.step()
        net.weight.data = net.weight.data.contiguous()
        net.weight.grad = torch.randn(4, 3, 3, 3)
        net.optimizer.step()
        return weights(net)

    torch.testing.assert_close(run(fuse=True), run(fuse=False))


def test_a_sparse_gradient_falls_back_to_the_ordinary_kernel() -> None:
    net: Any = nn.Embedding(5, 2, sparse=True)
    net.optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    fuse_optimizers(net)
    net(torch.tensor([1, 2])).sum().backward()
    before = weights(net)
    net.optimizer.step()
    assert (weights(net) != before).sum() == 4


def test_an_optimizer_is_left_alone_where_the_program_chose_the_kernel() -> None:
    net: Any = nn.Linear(2, 2)
    net.optimizer = torch.optim.Adam(net.parameters(), foreach=True)
    fuse_optimizers(net)
    assert net.optimizer.param_groups[0]["fused"] is None


def test_channels_last_changes_what_is_learnt_by_rounding_alone() -> None:
    fast, plain = (trained(program(), plan(channels_last=flag)) for flag in (True, False))
    assert not fast.get_parameter("body.0.weight").is_contiguous()
    torch.testing.assert_close(weights(fast), weights(plain), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "flat",
    ["x.view(x.size(0), -1)", "x.view(x.size(0), -1) if self.training else x.flatten(1)"],
    ids=["always", "in training only"],
)
def test_a_program_that_views_feature_maps_keeps_the_ordinary_layout(flat: str) -> None:
    init = "self.body = nn.Conv2d(in_shape[1], 8, 3, padding=1)\nself.head = nn.Linear(512, out_shape[0])"
    source = program(init=init, forward=f"x = self.body(x)\nreturn self.head({flat})")
    assert trained(source, plan()).get_parameter("body.weight").is_contiguous()


def test_the_trial_of_a_layout_leaves_no_trace() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.LazyLinear(4))
    inputs = Normalisation(plan())(images_and_labels()[0][:2])
    net.eval()(inputs)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    random_state = torch.get_rng_state()
    assert prefer_channels_last(net, inputs, plan())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert all(each.grad is None for each in net.parameters())


def test_a_network_without_convolutions_keeps_its_layout() -> None:
    assert not prefer_channels_last(nn.Linear(2, 2), torch.zeros(2, 2), plan())


@pytest.mark.parametrize(("channels", "stride", "bearable"), [(4, 2, False), (8, 2, True), (4, 1, True)])
def test_a_layout_in_which_the_kernels_of_torch_crash_is_left(
    channels: int, stride: int, bearable: bool
) -> None:
    shortcut = nn.Sequential(nn.Conv2d(1, channels, 3), nn.Conv2d(channels, 8, 1, stride=stride))
    assert prefer_channels_last(shortcut, torch.rand(2, 1, 12, 12), plan()) is bearable


def test_bf16_trains_against_the_current_weights() -> None:
    learn = f"""\
self.outputs = []
for inputs, labels in train_data:
    self.outputs.append(self(probe := torch.ones(1, *inputs.shape[1:])).detach())
    self.dtype = self.outputs[-1].dtype
{"".join(f"    {line}{chr(10)}" for line in LEARN.splitlines()[1:]).replace("        ", "    ")}"""
    net: Any = trained(program(learn=learn), plan(precision="bf16"))
    assert net.dtype is torch.bfloat16
    assert not torch.equal(net.outputs[0], net.outputs[-1])


def test_bf16_predicts_nearly_what_float32_predicts() -> None:
    images = images_and_labels()[0]
    half, full = (
        proxy.predict(trained(program(), protocol), images, protocol)
        for protocol in (plan(precision="bf16", epochs=4), plan(epochs=4))
    )
    same = sum(first == second for first, second in zip(half[::2], full[::2], strict=True))
    assert same >= 0.8 * COUNT


def test_a_prediction_does_not_depend_on_the_batch() -> None:
    net, images = trained(program(), plan()), images_and_labels()[0]
    parts = b"".join(proxy.predict(net, part, plan()) for part in images.split(8))
    assert proxy.predict(net, images, plan()) == parts


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ("{'a', 'b'}", None),
        ("['a', 'b']", None),
        ("dict(a=1, b=2).keys()", None),
        ("(name for name in 'ab')", None),
        ("'ab'", "supported_hyperparameters"),
        ("None", "supported_hyperparameters"),
        ("range(10**12)", "at most"),
    ],
)
def test_the_names_of_hyperparameters_may_come_in_any_collection(names: str, part: str | None) -> None:
    module = load(program(top="").replace('{"lr", "momentum"}', names))
    if part is None:
        assert {"a", "b"} <= proxy.hyperparameters(module, plan()).keys()
    else:
        with pytest.raises(Rejected, match=part):
            proxy.hyperparameters(module, plan())


@pytest.mark.parametrize(
    ("end", "part"),
    [
        ("globals().pop('supported_hyperparameters')", "supported_hyperparameters"),
        ("globals().pop('Net')", "class Net"),
        ("globals()['Net'] = None", "class Net"),
        ("del Net.forward", "Net.forward"),
        ("del Net.train_setup", "Net.train_setup"),
        ("del Net.learn", "Net.learn"),
        ("setattr(Net, 'learn', 3)", "Net.learn"),
    ],
)
def test_what_the_text_cannot_show_breaks_the_contract_when_it_is_asked_for(end: str, part: str) -> None:
    source = f"{program()}\n{end}\n"
    assert lint(source, hygiene=False) is None
    with pytest.raises(Rejected, match=part) as caught:
        trained(source, plan())
    assert caught.value.status is EvaluationStatus.CONTRACT_ERROR


@pytest.mark.parametrize("name", ["forward", "__call__"])
def test_a_forward_may_be_set_on_the_instance_and_a_call_does_without(name: str) -> None:
    old = "def forward(self, x)"
    source = program().replace(old, "def __call__(self, x)" if name == "__call__" else "def own(self, x)")
    if name == "forward":
        source = source.replace("self.device = device\n", "self.forward = self.own\n")
    assert lint(source, hygiene=False) is None
    assert trained(source, plan()) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", 0.01),
        ("learning_rate", 0.01),
        ("batch", 8),
        ("batch_size", 8),
        ("epoch_max", 3),
        ("T_max", 3),
        ("transform", "norm_flip"),
        ("weight_decay", 5e-4),
        ("beta1", 0.9),
        ("beta2", 0.999),
        ("eps", 1e-8),
        ("step_size", 1.0),
        ("gamma", 0.9),
        ("pretrained", 0.0),
        ("unheard_of", 0.25),
        ("given", 7.0),
    ],
)
def test_a_declared_hyperparameter_has_the_value_that_its_name_calls_for(name: str, value: object) -> None:
    protocol = plan(epochs=3, flip=True, other_hyperparameters=0.25, hyperparameters={"given": 7.0})
    module = load(program().replace('{"lr", "momentum"}', f'{{"{name}"}}'))
    assert proxy.hyperparameters(module, protocol)[name] == value


def test_prm_holds_what_lemur_adds_to_every_programs_own() -> None:
    prm = proxy.hyperparameters(load(program()), plan(hyperparameters={"weight_decay": 0.1}))
    assert prm == {
        **{"lr": 0.01, "momentum": 0.9, "dropout": 0.2, "weight_decay": 0.1},
        **{"batch": 8, "transform": "norm", "epoch": 1, "epoch_max": 1},
    }


def test_a_value_that_is_set_outdoes_the_one_by_name() -> None:
    module = load(program().replace('{"lr", "momentum"}', '{"weight_decay"}'))
    assert proxy.hyperparameters(module, plan(hyperparameters={"weight_decay": 0.0}))["weight_decay"] == 0.0


def test_what_a_program_writes_into_prm_is_there_when_it_sets_up_its_training() -> None:
    source = program(init=f"{INIT}prm['seen'] = True").replace('prm["lr"]', "prm['lr'] * prm['seen']")
    assert trained(source, plan()) is not None


def test_a_program_is_told_the_shape_of_a_batch_of_one_image() -> None:
    net: Any = trained(program(init=f"{INIT}self.told = tuple(in_shape)"), plan())
    assert net.told == (1, 3, 8, 8)


WIDE = INIT.replace("out_shape[0]", "out_shape[0] + 3")


@pytest.mark.parametrize(
    ("init", "forward"),
    [
        (WIDE, FORWARD),
        (INIT, f"scores = {FORWARD[7:]}\nreturn scores if self.training else scores[:, :, None, None]"),
        (INIT, f"scores = {FORWARD[7:]}\nreturn scores if self.training else scores[:, None]"),
    ],
    ids=["more columns than classes", "(B, C, 1, 1)", "(B, 1, C)"],
)
def test_scores_in_a_form_that_lemur_takes_are_taken(init: str, forward: str) -> None:
    net = trained(program(init=init, forward=forward), plan(epochs=4))
    predicted = torch.frombuffer(
        bytearray(proxy.predict(net, images_and_labels()[0], plan())), dtype=torch.int16
    )
    assert (predicted == images_and_labels()[1]).float().mean() > 0.5


@pytest.mark.parametrize("form", [(2, 3), (2, 4, 2), (2, 4, 1), (1, 4), (2, 4, 1, 2), (4,), (8, 1, 1, 1)])
def test_scores_in_any_other_form_are_refused(form: tuple[int, ...]) -> None:
    with pytest.raises(Rejected, match="returned shape"):
        proxy.check_scores(torch.zeros(form), 2, plan())


def test_a_column_without_a_class_is_the_answer_none_of_them() -> None:
    class Beyond(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.arange(9.0).expand(len(x), 9)

    assert set(proxy.predict(Beyond(), images_and_labels()[0], plan())[::2]) == {SHAPE.classes}


def test_a_loss_that_comes_behind_an_accuracy_is_read_as_the_loss() -> None:
    protocol = plan(epochs=3)
    learn = "self.passes = getattr(self, 'passes', 0) + 1\nreturn 0.5, 10.0 * self.passes"
    net: Any = load(program(learn=learn)).Net((1, 3, 8, 8), (4,), {}, torch.device("cpu"))
    losses = proxy.train(net, {"lr": 0.01, "momentum": 0.9}, *images_and_labels(), protocol)
    assert losses == (10.0, 20.0, 30.0)


def test_a_flip_mirrors_about_half_of_the_images_and_the_same_ones_under_one_seed() -> None:
    images = images_and_labels()[0].float()
    first, again, other = (Flip(plan(flip=True, seed=seed), 0)(images) for seed in (0, 0, 1))
    mirrored = [bool(torch.equal(one, before.flip(2))) for one, before in zip(first, images, strict=True)]
    kept = [bool(torch.equal(one, before)) for one, before in zip(first, images, strict=True)]
    assert all(one != two for one, two in zip(mirrored, kept, strict=True))
    assert 0.3 < sum(mirrored) / COUNT < 0.7
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert Flip(plan(), 0)(images) is images
