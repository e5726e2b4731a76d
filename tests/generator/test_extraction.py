import pytest

from generator.prompts.extraction import extract_program
from generator.prompts.templates import expected_completion

PROGRAM = '''"""A net."""
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.head = nn.Linear(in_shape[1], out_shape[0])  # ` and ~ are no fences

    def forward(self, x):
        return self.head(
            x.mean((2, 3))
        )


MODEL = Net
'''
SNIPPET = "import torch\n\nx = torch.zeros(1)\n"


@pytest.mark.parametrize("template", ["compact", "instruct"])
def test_what_a_template_wants_is_extracted_unchanged(template):
    assert extract_program(expected_completion(template, PROGRAM)) == PROGRAM


@pytest.mark.parametrize(
    "opening", ["```python", "```py", "```Python", "```", "``` python", "~~~python", "````python"]
)
def test_a_fence_of_any_kind_is_removed(opening):
    ticks = opening.rstrip("Ppython ")
    text = f"Sure, here it is:\n\n{opening}\n{PROGRAM}{ticks}\n\nIt uses a linear head."
    assert extract_program(text) == PROGRAM


def test_an_unterminated_fence_runs_to_the_end():
    assert extract_program(f"Here:\n```python\n{PROGRAM}") == PROGRAM


def test_an_unterminated_fence_of_a_program_that_was_cut_off_gives_what_is_there():
    cut = PROGRAM[: PROGRAM.index("(in_shape[1]") + 4]
    assert extract_program(f"```python\n{cut}") == cut + "\n"


def test_of_several_blocks_the_one_with_the_network_wins():
    text = f"```bash\npip install torch\n```\n```python\n{PROGRAM}```\nUse it:\n```python\n{SNIPPET}```"
    assert extract_program(text) == PROGRAM


def test_of_several_networks_the_last_wins():
    draft = PROGRAM.replace("nn.Linear", "nn.LazyLinear")
    assert extract_program(f"```python\n{draft}```\nBetter:\n```python\n{PROGRAM}```") == PROGRAM


def test_a_block_that_was_never_closed_before_the_next_one_does_not_swallow_it():
    assert extract_program(f"```python\nimport os\n\nNo, rather:\n```python\n{PROGRAM}```") == PROGRAM


def test_without_a_network_the_last_python_block_is_taken():
    assert extract_program(f"```json\n{{}}\n```\n```python\n{SNIPPET}```\n```text\nout\n```") == SNIPPET


def test_a_network_outside_the_fences_beats_no_network_inside():
    assert extract_program(f"{PROGRAM}\n```bash\nrun me\n```\n") == PROGRAM


def test_plain_code_is_kept_as_it_is():
    assert extract_program(PROGRAM) == PROGRAM


def test_prose_around_plain_code_is_removed():
    bare = PROGRAM.split("\n", 1)[1]
    text = f"Here is a network, as asked.\n\n{bare}\nThis network pools globally and is small.\nGood luck!"
    assert extract_program(text) == bare


@pytest.mark.parametrize(
    "marker",
    ["<|end|>", "<|im_end|>", "</s>", "<|assistant|>", "<\uff5cend of sentence\uff5c>", "<end_of_turn>"],
)
def test_chat_markers_around_code_are_removed(marker):
    assert extract_program(f"{marker}{SNIPPET}{marker}\n") == SNIPPET


def test_a_lone_closing_fence_is_removed():
    assert extract_program(PROGRAM + "```") == PROGRAM


def test_windows_line_ends_become_plain():
    assert extract_program(PROGRAM.replace("\n", "\r\n")) == PROGRAM


def test_a_block_inside_a_list_item_loses_its_margin():
    indented = "".join(f"   {line}\n" if line else "\n" for line in f"```python\n{PROGRAM}```".split("\n"))
    assert extract_program(f"1. The code:\n\n{indented}") == PROGRAM


def test_indentation_inside_the_program_survives():
    assert "\n        return self.head(\n            x.mean" in (extract_program(PROGRAM) or "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "I cannot help with that.",
        "from here on, import duties apply; the class of 1999 will return.",
        "def",
        "```",
        "```python\n```",
        '```json\n{"class": 1}\n```',
        "The answer = 42",
        "class dismissed",
        "import",
        "<|end|>",
    ],
)
def test_text_that_holds_no_code_gives_nothing(text):
    assert extract_program(text) is None


@pytest.mark.parametrize("start", ['"""', "import", "def", "class"])
def test_code_whose_line_breaks_are_written_as_backslash_n_is_no_code(start):
    assert extract_program(PROGRAM[PROGRAM.index(start) :].replace("\n", "\\n")) is None


def test_a_fence_written_with_backslash_n_is_no_fence():
    assert extract_program("```python\\n" + PROGRAM.replace("\n", "\\n") + "```") is None


def test_a_syntax_error_is_not_the_extractors_business():
    broken = "import torch\n\nclass Net(nn.Module)\n    def forward(self:\n        pass\n"
    assert extract_program(broken) == broken


def test_a_backslash_n_inside_a_string_of_the_program_is_kept():
    source = PROGRAM + 'NAME = "two\\nlines"\n'
    assert extract_program(f"Here:\n\n{source[source.index('import') :]}") == source[source.index("import") :]


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "\nimport os\n", "import os\n\0\n", "```" * 3000, "`" * 9000, "def f(" * 2000]
)
def test_hostile_text_neither_raises_nor_hangs(text):
    extract_program(text)
