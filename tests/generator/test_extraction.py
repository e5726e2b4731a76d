import random

import pytest

from corpus.programs.tokens import canonical_tokens
from generator.prompts.extraction import extract_program
from generator.prompts.templates import expected_completion
from tests.generator.completions import (
    CHOSEN,
    DOCSTRINGS,
    DRAFTED,
    DRESSED,
    FENCED,
    PLAIN,
    SKETCH,
    SPACED,
    SPLIT,
    TAGGED,
    TRANSFORM,
    Kind,
    cut_off,
    fenced,
    halves,
    noisy,
    programs,
    with_docstring,
)

PROGRAMS = programs(8)
KINDS = TAGGED | DRAFTED | FENCED | CHOSEN | DRESSED

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


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_program_that_was_meant_is_found_in_its_dress(kind: Kind):
    for number, program in enumerate(PROGRAMS):
        assert same_lines(extract_program(kind(program, random.Random(number))), program)


ALONE = {"nothing but think", "think never closed"}
"""Kinds that anything beside them makes into something else."""


@pytest.mark.parametrize("name", sorted(KINDS.keys() - ALONE))
def test_prose_and_snippets_around_it_change_nothing(name: str):
    for number, program in enumerate(PROGRAMS * 2):
        assert same_lines(extract_program(noisy(KINDS[name])(program, random.Random(number))), program)


@pytest.mark.parametrize("kind", (SPACED | SPLIT).values(), ids=SPACED | SPLIT)
def test_odd_spaces_and_split_blocks_leave_the_tokens_as_they_are(kind: Kind):
    for number, program in enumerate(PROGRAMS):
        for dress in (kind, noisy(kind)):
            found = extract_program(dress(program, random.Random(number)))
            assert found is not None
            assert canonical_tokens(found) == canonical_tokens(program)


@pytest.mark.parametrize("example", DOCSTRINGS.values(), ids=DOCSTRINGS)
@pytest.mark.parametrize("kind", (TAGGED | FENCED | DRESSED).values(), ids=TAGGED | FENCED | DRESSED)
def test_a_docstring_may_hold_any_mark(kind: Kind, example: str):
    program = with_docstring(PLAIN, example)
    assert same_lines(extract_program(kind(program, random.Random(0))), program)


def same_lines(found: str | None, program: str) -> bool:
    return found is not None and found.strip("\n") == program.strip("\n")


def test_what_the_embedded_model_writes_stays_byte_for_byte():
    assert [extract_program(program) for program in programs(200)] == programs(200)


@pytest.mark.parametrize("seed", range(4))
def test_a_plain_program_with_a_fault_is_handed_on_with_it(seed: int):
    rng = random.Random(seed)
    for program in programs(40, seed)[2:]:
        lines = program.rstrip("\n").split("\n")
        place = rng.choice([number for number, line in enumerate(lines) if "(" in line])
        lines[place] = lines[place].replace("(", "((", 1)
        assert same_lines(extract_program("\n".join(lines)), "\n".join(lines))


def test_a_draft_that_was_cut_off_is_no_answer():
    assert (
        extract_program(f"<think>\nA first try:\n{fenced(PLAIN)}\nToo small. Let me widen it and\n") is None
    )


def test_hyperparameters_and_a_transform_alone_are_no_program():
    assert extract_program(f'<hp>{{"lr": 0.1}}</hp>\n<tr>\n{TRANSFORM}</tr>\n') is None


def test_a_broken_program_beats_a_whole_snippet_beside_it():
    broken = PLAIN.replace("return self.body(x)", "return self.body(x")
    assert extract_program(f"{fenced(broken)}\n\nUse it:\n\n{fenced(SNIPPET)}") == broken


def test_a_broken_answer_beats_the_draft_before_it():
    cut = cut_off(PLAIN)
    assert extract_program(f"<think>\n{fenced(PLAIN)}\n</think>\n```python\n{cut}") == cut + "\n"


def test_without_a_whole_program_the_one_with_a_network_is_taken():
    assert extract_program(f"{fenced(SKETCH)}\n\n{fenced(SNIPPET * 20)}") == SKETCH


def test_a_block_joins_a_program_only_if_the_program_lacks_what_it_binds():
    head, body = halves(PLAIN)
    unrelated = fenced("import os\n\nROOT = os.sep\n")
    found = extract_program(f"{unrelated}\n{fenced(head)}\n{unrelated}\n{fenced(body)}\n{unrelated}")
    assert found == f"{head}\n\n{body}"


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
