"""The export: complete, honest about its origin, and readable by `datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.admission import decide, seed_admission
from corpus.config import CorpusConfig
from corpus.errors import CorpusExistsError
from corpus.export import export_jsonl
from corpus.records import (
    Candidate,
    Evaluation,
    EvaluationStatus,
    Message,
    Neighbour,
    Origin,
    Prompt,
    SamplingParameters,
    Stage,
)
from corpus.store import Corpus

MESSAGES = (Message(role="user", content="a net, s'il vous plaît"),)


def sampled(index: int, source: str | None) -> Candidate:
    return Candidate(
        id=f"c000/{index:04d}",
        origin=Origin.SAMPLED,
        source=source,
        completion=source or "no program",
        prompt_id=f"c000/p{index:04d}",
        cycle=0,
        index=index,
        generator="tiny",
        sampling=SamplingParameters(),
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    """Two seeds; of three samples the first is admitted, the second weak, the third broken."""
    outcomes = [
        ("x = 1\n", EvaluationStatus.COMPLETE, 0.75, (2.5, 0.5)),
        ("x = 2\n", EvaluationStatus.COMPLETE, 0.125, ()),
        (None, EvaluationStatus.NON_FINITE, None, (float("nan"),)),
    ]
    with Corpus.create(tmp_path / "corpus.db") as opened:
        seeds = [
            Candidate(
                id=f"seed/{i}",
                origin=Origin.SEED,
                source="s\n",
                completion="s\n",
                index=i,
                generator="grammar",
            )
            for i in range(2)
        ]
        opened.add_starting_corpus([(seed, seed_admission(seed)) for seed in seeds])
        prompts = [
            Prompt(id=f"c000/p{i:04d}", strategy="s", template="compact", messages=MESSAGES, seed=i)
            for i in range(3)
        ]
        opened.add_prompts(0, prompts)
        opened.add_candidates([sampled(i, source) for i, (source, *_) in enumerate(outcomes)])
        for index, (_, status, accuracy, losses) in enumerate(outcomes):
            evaluation = Evaluation(
                candidate_id=f"c000/{index:04d}",
                protocol_id="digits-1",
                status=status,
                stage=Stage.DONE,
                accuracy=accuracy,
                losses=losses,
            )
            admission = decide(evaluation, Neighbour(id="seed/0", jaccard=0.25), CorpusConfig())
            opened.add_judgement(evaluation, admission)
        yield opened


def test_every_row_is_exported_and_only_winners_teach(corpus: Corpus, tmp_path: Path) -> None:
    counts = export_jsonl(corpus, tmp_path / "out")
    assert counts == {"programs": 5, "evaluations": 3, "sft": 1}
    rows = [json.loads(line) for line in (tmp_path / "out" / "programs.jsonl").read_text().splitlines()]
    assert [row["reason"] for row in rows] == ["SEED", "SEED", "ADMITTED", "BELOW_THRESHOLD", "INVALID"]


def test_datasets_loads_all_three_files_offline(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    counts = export_jsonl(corpus, tmp_path / "out")
    for name, count in counts.items():
        loaded = datasets.load_dataset(
            "json",
            data_files=str(tmp_path / "out" / f"{name}.jsonl"),
            split="train",
            cache_dir=str(tmp_path / "cache"),
        )
        assert len(loaded) == count
    assert loaded[0]["prompt"] == [{"role": "user", "content": "a net, s'il vous plaît"}]
    assert loaded[0]["completion"] == [{"role": "assistant", "content": "x = 1\n"}]


def test_the_readme_names_who_wrote_and_who_judged(corpus: Corpus, tmp_path: Path) -> None:
    export_jsonl(corpus, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "grammar, tiny" in text
    assert "digits-1" in text


def test_a_loss_that_is_no_number_is_exported_as_null(corpus: Corpus, tmp_path: Path) -> None:
    export_jsonl(corpus, tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out" / "evaluations.jsonl").read_text().splitlines()]
    assert rows[2]["losses"] == [None]


def test_a_directory_that_holds_something_is_refused_and_left_alone(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(CorpusExistsError, match="holds something already"):
        export_jsonl(corpus, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_store_opened_for_reading_can_be_exported(corpus: Corpus, tmp_path: Path) -> None:
    with Corpus.open(corpus.path, read_only=True) as reader:
        assert export_jsonl(reader, tmp_path / "out")["programs"] == 5
