"""Asking, keeping answers, and what comes of them: counted honestly, the same again after a stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from corpus.files.json_lines import JsonLinesError
from corpus.files.reading import UnfitFile
from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.ideas import Idea, IdeaSource
from generator.deciders.chance import ChanceDecider
from generator.ideas.growing.answers import Answered, AnswersInUse, answers_file, opened_answers
from generator.ideas.growing.documents import read_documents
from generator.ideas.growing.harvest import Harvest, ask, harvest
from generator.ideas.growing.questions import Question, questions_about
from generator.ideas.pool import IdeaPool, read_pool, write_pool
from tests.generator.ideas.growing.papers import GELU, LEAVES, PAPER, SHORTCUT, STATED

ADDED = "Add the input of a block to its output as a residual shortcut."


class Scripted(ChanceDecider):
    """Answers questions with what a function says of their text; counts them."""

    def __init__(self, answers: Callable[[str], JsonValue]) -> None:
        self.answers, self.asked = answers, 0

    def json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, JsonValue],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        self.asked += 1
        value = self.answers(messages[-1].content)
        path = AnswerPath.RULE if value is None else AnswerPath.PARSED
        return Answer(value=value, path=path, model="tiny", token_count=7)


def stated(text: str) -> JsonValue:
    """Answer as a good model would."""
    if "operator / activation" in text:
        return {
            "ideas": [f"- {STATED}", "GELU!", "Train a smooth GELU with a cosine schedule over many epochs."]
        }
    return {"ideas": [ADDED] if "adds" in text else []}


@pytest.fixture
def questions(tmp_path: Path) -> list[Question]:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.md").write_text(PAPER)
    (folder / "b.txt").write_text("Smooth: put GELUs in place of each ReLU in all blocks of the trunk.")
    (folder / "c.txt").write_text("There is a residual in the shortcut.")
    return questions_about(read_documents(folder).documents, LEAVES)


def grown(questions: list[Question], path: Path, decider: Scripted, *known: Idea) -> Harvest:
    with opened_answers(path) as answers:
        ask(questions, decider, answers, "tiny", 0, lambda _: None)
        return harvest(questions, answers, "tiny", 0, known)


def test_ideas_come_with_their_sources_and_everything_is_counted(
    questions: list[Question], tmp_path: Path
) -> None:
    found = grown(questions, tmp_path / "answers", Scripted(stated))
    gelu, added = found.ideas.values()
    assert (gelu.path, gelu.statement, gelu.author, gelu.codemod) == (GELU.path, STATED, "tiny", None)
    assert gelu.sources == (
        IdeaSource(title="a.md", section="Activations", licence="CC-BY-4.0"),
        IdeaSource(title="b.txt"),
    )
    assert gelu.id == "put-gelu-place-relu-blocks-trunk"
    assert (added.path, added.sources[0].section) == (SHORTCUT.path, "Blocks")
    total = found.total
    assert (total.asked, total.answered, total.empty) == (4, 4, 1)
    assert (total.statements, total.usable, total.duplicates, total.new) == (7, 3, 1, 2)
    assert dict(total.flaws) == {"too short": 2, "not in the text": 2} and dict(total.how) == {"parsed": 4}
    assert {path: tally.new for path, tally in found.by_path.items()} == {GELU.path: 1, SHORTCUT.path: 1}


def test_an_answer_of_no_form_is_asked_and_not_answered(questions: list[Question], tmp_path: Path) -> None:
    found = grown(questions, tmp_path / "answers", Scripted(lambda _: None))
    assert (found.total.asked, found.total.answered, found.total.statements) == (4, 0, 0)
    assert dict(found.total.how) == {"rule": 4} and found.ideas == {}


def test_what_a_known_idea_says_is_a_duplicate_and_its_name_is_taken(
    questions: list[Question], tmp_path: Path
) -> None:
    source = (IdeaSource(title="ours"),)
    same = Idea(id="smooth", path=GELU.path, statement=STATED, sources=source)
    named = Idea(
        id="add-input-block-output-residual-shortcut",
        path=SHORTCUT.path,
        statement="Something else entirely.",
        sources=source,
    )
    found = grown(questions, tmp_path / "answers", Scripted(stated), same, named)
    assert list(found.ideas) == ["add-input-block-output-residual-shortcut-2"]
    assert (found.total.usable, found.total.duplicates) == (3, 2)
    assert same.sources == source


def test_the_ideas_can_be_written_and_read_as_a_pool(questions: list[Question], tmp_path: Path) -> None:
    found = grown(questions, tmp_path / "answers", Scripted(stated))
    write_pool(IdeaPool(LEAVES, found.ideas.values()), tmp_path / "pool.toml")
    assert read_pool(tmp_path / "pool.toml").ideas == found.ideas


def test_a_build_that_is_stopped_goes_on_where_it_was(questions: list[Question], tmp_path: Path) -> None:
    whole = grown(questions, tmp_path / "whole", Scripted(stated))

    def stopping(text: str) -> JsonValue:
        if "block / residual" in text:
            raise KeyboardInterrupt
        return stated(text)

    first, second = Scripted(stopping), Scripted(stated)
    with pytest.raises(KeyboardInterrupt):
        grown(questions, tmp_path / "answers", first)
    with (tmp_path / "answers").open("ab") as file:
        file.write(b'{"question":"torn')
    assert grown(questions, tmp_path / "answers", second) == whole
    assert (first.asked, second.asked) == (3, 2)
    assert (tmp_path / "answers").read_bytes() == (tmp_path / "whole").read_bytes()
    third = Scripted(stated)
    assert grown(questions, tmp_path / "answers", third) == whole and third.asked == 0


def test_another_model_another_seed_and_a_changed_text_are_asked_anew(
    questions: list[Question], tmp_path: Path
) -> None:
    decider = Scripted(stated)
    with opened_answers(tmp_path / "answers") as answers:
        for model, seed, count in (("tiny", 0, 4), ("tiny", 0, 0), ("tiny", 1, 4), ("other", 0, 4)):
            assert ask(questions, decider, answers, model, seed, lambda _: None) == count
        (tmp_path / "papers" / "b.txt").write_text("A smooth SiLU.")
        changed = questions_about(read_documents(tmp_path / "papers").documents, LEAVES)
        assert ask(changed, decider, answers, "tiny", 0, lambda _: None) == 1
        assert harvest(questions, answers, "nobody", 0, ()).total.asked == 0


def test_each_question_is_told_of_once(questions: list[Question], tmp_path: Path) -> None:
    told: list[str] = []
    with opened_answers(tmp_path / "answers") as answers:
        ask(questions, Scripted(stated), answers, "tiny", 0, told.append)
    assert told == [GELU.path, GELU.path, SHORTCUT.path, SHORTCUT.path]


def test_answers_are_one_builds_at_a_time(tmp_path: Path) -> None:
    path = answers_file(tmp_path / "pool.toml")
    assert path.name == "pool.toml.answers.jsonl"
    with opened_answers(path), pytest.raises(AnswersInUse, match="another build"), opened_answers(path):
        pass
    with opened_answers(path):
        pass


@pytest.mark.parametrize("content", ["{}\n", "no JSON\n", "no JSON", "[" * 100_000 + "\n"])
def test_a_file_that_holds_no_answers_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "answers").write_text(content)
    with (
        pytest.raises(JsonLinesError, match=r"line 1: .* Remove answers to ask all questions anew"),
        opened_answers(tmp_path / "answers"),
    ):
        pass
    assert (tmp_path / "answers").read_text() == content


def test_a_pipe_in_place_of_the_answers_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "answers")
    with pytest.raises(UnfitFile), opened_answers(tmp_path / "answers"):
        pass


def test_answers_are_whole_lines_however_long(tmp_path: Path) -> None:
    row = Answered(
        question="q", model="m", seed=1, document="d", path="p", ideas=("x" * 200_000,), how=AnswerPath.PARSED
    )
    with opened_answers(tmp_path / "answers") as answers:
        answers.add(row)
    with (tmp_path / "answers").open("ab") as file:
        file.write(b'{"question":"' + b"y" * 200_000)
    with opened_answers(tmp_path / "answers") as answers:
        assert answers.get("q", "m", 1) == row
    assert (tmp_path / "answers").read_bytes().endswith(b"}\n")
