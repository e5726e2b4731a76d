"""Asking a model about documents, and the ideas that come of its answers.

Answers are kept as they come; everything else is computed from them, so that a build which is given again
comes to the same ideas. This module does *not* read documents, and builds no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from corpus.records.search.ideas import Idea, IdeaSource
from generator.deciders.contract import Decider
from generator.ideas.growing.answers import Answered, Answers
from generator.ideas.growing.duplicates import Statements
from generator.ideas.growing.questions import SCHEMA, Question
from generator.ideas.growing.usable import flaw, supporting, tidied
from generator.ideas.words import COMMON, plain_words

_NAMED_WORDS = 6
_LONGEST_NAME = 70


@dataclass
class Tally:
    """What came of questions.

    Attributes:
        asked: Questions.
        answered: Of them, those with an answer of the right form.
        empty: Of these, those that list nothing.
        statements: Statements in all answers.
        usable: Of them, those that pass the rule.
        duplicates: Of these, those that say what another idea says.
        flaws: Why the others do not pass.
        how: How the answers came about.
    """

    asked: int = 0
    answered: int = 0
    empty: int = 0
    statements: int = 0
    usable: int = 0
    duplicates: int = 0
    flaws: Counter[str] = field(default_factory=Counter)
    how: Counter[str] = field(default_factory=Counter)

    @property
    def new(self) -> int:
        """Ideas that came of it."""
        return self.usable - self.duplicates


@dataclass
class Harvest:
    """The ideas that came of answers.

    Attributes:
        ideas: By id, in the order of the template.
        total: What came of all questions.
        by_path: The same for each sub-category that was asked about.
    """

    ideas: dict[str, Idea] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)
    by_path: dict[str, Tally] = field(default_factory=dict)


def ask(
    questions: Iterable[Question],
    decider: Decider,
    answers: Answers,
    model: str,
    seed: int,
    step: Callable[[str], None],
) -> int:
    """Ask what was not asked yet, keep each answer, and return how many questions that were.

    Args:
        questions: All questions.
        decider: Who answers.
        answers: What was answered, and where answers are kept.
        model: Name of the model that answers.
        seed: Seeds the answers.
        step: Is told the path of each question that is done.

    Raises:
        UpstreamError: What answers is gone.
    """
    count = 0
    for question in questions:
        drawn_with = question.seed(seed)
        if answers.get(question.id, model, drawn_with) is None:
            answer = decider.json(question.messages, SCHEMA, seed=drawn_with)
            listed = answer.value["ideas"] if isinstance(answer.value, dict) else None
            answers.add(
                Answered(
                    question=question.id,
                    model=model,
                    seed=drawn_with,
                    document=question.document.digest,
                    path=question.leaf.path,
                    ideas=tuple(map(str, listed)) if isinstance(listed, list) else None,
                    how=answer.path,
                    tokens=answer.token_count,
                )
            )
            count += 1
        step(question.leaf.path)
    return count


def harvest(
    questions: Sequence[Question], answers: Answers, model: str, seed: int, known: Iterable[Idea]
) -> Harvest:
    """Return the ideas that came of what a model answered.

    A statement that says what a known idea says is dropped. One that says what an idea of this harvest says
    adds its source to it, if that is of another document and of the same sub-category.

    Args:
        questions: The questions; those without an answer are passed over.
        answers: What was answered.
        model: The model whose answers count; it is their author.
        seed: As they were asked with.
        known: Ideas that are there already.
    """
    found, said, names = Harvest(), Statements(), set[str]()
    for idea in known:
        said.add(idea.id, idea.statement)
        names.add(idea.id)
    for question in questions:
        row = answers.get(question.id, model, question.seed(seed))
        if row is None:
            continue
        tallies = (found.total, found.by_path.setdefault(question.leaf.path, Tally()))
        for tally in tallies:
            tally.asked += 1
            tally.how[row.how.value] += 1
            tally.answered += row.ideas is not None
            tally.empty += row.ideas == ()
        for statement in map(tidied, row.ideas or ()):
            why, twin = flaw(statement, question), None
            if why is None:
                twin = _taken(found, said, names, statement, question, model)
            for tally in tallies:
                tally.statements += 1
                tally.usable += why is None
                tally.duplicates += twin is not None
                tally.flaws.update([why] if why else [])
    return found


def _taken(
    found: Harvest, said: Statements, names: set[str], statement: str, question: Question, model: str
) -> str | None:
    """Take a usable statement as an idea; return the id of the idea that says the same, if one does."""
    section = supporting(statement, question.passages).section
    source = IdeaSource(title=question.document.name, section=section, licence=question.document.licence)
    twin = said.same(statement)
    if twin is not None:
        idea = found.ideas.get(twin)
        if idea is not None and idea.path == question.leaf.path and _is_new(source, idea):
            found.ideas[twin] = idea.model_copy(update={"sources": (*idea.sources, source)})
        return twin
    name = next(each for each in _names(statement) if each not in names)
    found.ideas[name] = Idea(
        id=name, path=question.leaf.path, statement=statement, sources=(source,), author=model[:200]
    )
    said.add(name, statement)
    names.add(name)
    return None


def _is_new(source: IdeaSource, idea: Idea) -> bool:
    return source.title not in {each.title for each in idea.sources}


def _names(statement: str) -> Iterator[str]:
    """Yield ids for an idea, from its first words that say something; there is always another."""
    words = [word for word in plain_words(statement) if word not in COMMON]
    name = "-".join(words[:_NAMED_WORDS])[:_LONGEST_NAME].strip("-")
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
