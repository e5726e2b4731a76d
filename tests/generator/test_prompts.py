import pytest

from corpus.records.tasks.shape import TaskShape
from generator.prompts.templates import Exemplar, ProgramRequest, expected_completion, render

REQUEST = ProgramRequest(
    shape=TaskShape(channels=3, height=20, width=24, classes=7), max_parameters=123_456, target_accuracy=0.62
)
EXEMPLARS = [Exemplar("import torch\n\nclass Net: ...\n", 0.4567), Exemplar("import math\n", 0.1)]


def test_compact_is_one_sentence_with_every_figure_of_the_request():
    (message,) = render("compact", REQUEST)
    assert message.role == "user"
    assert message.content == ("3x20x24 images, 7 classes, at most 123456 parameters, accuracy above 0.62")


def test_compact_leaves_exemplars_out():
    assert render("compact", REQUEST, EXEMPLARS) == render("compact", REQUEST)


@pytest.mark.parametrize("template", ["compact", "instruct"])
def test_an_idea_stands_at_the_end_and_changes_nothing_before_it(template):
    idea = "Use GELU in place of every ReLU."
    plain = render(template, REQUEST, EXEMPLARS)
    asked = render(template, REQUEST.model_copy(update={"idea": idea}), EXEMPLARS)
    assert asked[:-1] == plain[:-1]
    assert asked[-1].content.startswith(plain[-1].content)
    assert asked[-1].content.endswith(idea)


def test_instruct_opens_with_a_system_message():
    assert [message.role for message in render("instruct", REQUEST)] == ["system", "user"]


@pytest.mark.parametrize(
    "part",
    [
        "supported_hyperparameters()",
        "class Net(nn.Module)",
        "def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device)",
        "forward(self, x)",
        "train_setup(self, prm)",
        "learn(self, train_data)",
        "{'lr', 'momentum', 'dropout'}",
        "[0, 1]",
        "one pass",
    ],
)
def test_instruct_states_every_part_of_the_contract(part):
    assert part in render("instruct", REQUEST)[-1].content


@pytest.mark.parametrize("figure", ["3 x 20 x 24", "7 classes", "123,456", "above 0.62", "chance is 0.14"])
def test_instruct_states_every_figure_of_the_request(figure):
    assert figure in render("instruct", REQUEST)[-1].content


def test_instruct_shows_exemplars_in_order_with_their_accuracies():
    text = render("instruct", REQUEST, EXEMPLARS)[-1].content
    first = text.index("Module 1, accuracy 0.457:\n```python\nimport torch")
    assert first < text.index("Module 2, accuracy 0.100:\n```python\nimport math\n```")


def test_what_others_claim_is_no_accuracy_of_ours():
    claimed = Exemplar("import math\n", 0.7654, "lemur/img-classification_cifar-10_acc/e1/a")
    text = render("instruct", REQUEST, [*EXEMPLARS, claimed])[-1].content
    assert "Module 2, accuracy 0.100:" in text
    assert "Module 3, by its source 0.765 under lemur/img-classification_cifar-10_acc/e1/a:" in text
    assert "what its source says" in text
    assert "its source" not in render("instruct", REQUEST, EXEMPLARS)[-1].content


def test_instruct_without_exemplars_does_not_mention_any():
    assert "Module 1" not in render("instruct", REQUEST)[-1].content


@pytest.mark.parametrize("template", ["compact", "instruct"])
@pytest.mark.parametrize(
    "name", ["cifar", "mnist", "svhn", "imagenet", "digits", "texshapes", "lemur", "resnet"]
)
def test_no_template_names_a_benchmark_or_a_famous_network(template, name):
    assert all(name not in message.content.lower() for message in render(template, REQUEST, EXEMPLARS))


def test_the_wanted_answer_to_compact_is_the_plain_program():
    assert expected_completion("compact", "x = 1\n") == "x = 1\n"


def test_the_wanted_answer_to_instruct_is_a_fenced_block_of_real_lines():
    assert expected_completion("instruct", "x = 1\n") == "```python\nx = 1\n```"
