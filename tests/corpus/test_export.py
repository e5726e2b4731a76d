"""The export as tables: complete, split without leaks, honest about its origin, and read by others' tools."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from corpus.config import CorpusConfig
from corpus.exchange.exporting.card import ExportNotes, size_category
from corpus.exchange.exporting.column_types import Row, features
from corpus.exchange.exporting.columns import CONFIGS
from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.exchange.exporting.idea_columns import IdeaRow, idea_rows, licence_of
from corpus.exchange.exporting.module_columns import ModuleProbeRow, ModuleRow, module_rows, probe_rows
from corpus.exchange.exporting.preferences import preferences, unpaired_preferences
from corpus.exchange.exporting.tables import Tables
from corpus.exchange.exporting.writing import schema_for_all
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.splits import frozen_splits
from corpus.ledger.errors import LedgerExistsError
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide, seed_admission
from corpus.novelty.scheme import check_scheme
from corpus.records.admissions import Neighbour
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.exchange import Split
from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ModuleProbe
from corpus.records.prompts import Message, Prompt, SamplingParameters
from corpus.records.search.ideas import Codemod, Idea, IdeaSource, SubCategory
from tests.ledgers import module, probe

MESSAGES = (Message(role="user", content="a net, s'il vous plaît"),)

LEAF = SubCategory(path="operator/activation/smooth", says="Activations without a corner.", origin="ours")
IDEAS = (
    Idea(
        id="gelu-everywhere",
        path=LEAF.path,
        statement="Use GELU in place of every ReLU.",
        sources=(
            IdeaSource(title="smooth.pdf", section="page 3", licence="MIT"),
            IdeaSource(title="süm.md", licence="MIT"),
        ),
        codemod=Codemod(match="relu", becomes="gelu", every=True, shows=("+gelu", "-relu")),
        opposite="relu-everywhere",
    ),
    Idea(
        id="relu-everywhere",
        path=LEAF.path,
        statement="Use ReLU in place of every GELU.",
        sources=(IdeaSource(title="hard.txt", licence="MIT"),),
        author="tiny",
    ),
)


def seed(index: int, source: str) -> Candidate:
    return Candidate(
        id=f"seed/{index}",
        origin=Origin.SEED,
        source=source,
        completion=source,
        index=index,
        generator="grammar",
    )


def asking(index: int, exemplar_ids: tuple[str, ...] = ()) -> Prompt:
    return Prompt(
        id=f"c000/p{index:04d}",
        strategy="s",
        template="compact",
        messages=MESSAGES,
        exemplar_ids=exemplar_ids,
        seed=index,
    )


def judged(index: int, status: EvaluationStatus, accuracy: float | None) -> Evaluation:
    return Evaluation(
        candidate_id=f"c000/{index:04d}",
        protocol_id="digits-1",
        status=status,
        stage=Stage.DONE,
        accuracy=accuracy,
    )


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
def ledger(tmp_path: Path) -> Iterator[LedgerWriter]:
    """Two seeds; of three samples the first is admitted, the second weak, the third broken."""
    outcomes = [
        ("x = 1\n", EvaluationStatus.COMPLETE, 0.75, (2.5, 0.5)),
        ("x = 2\n", EvaluationStatus.COMPLETE, 0.125, ()),
        ("x = 3\n", EvaluationStatus.NON_FINITE, None, (float("nan"),)),
    ]
    with LedgerWriter.create(tmp_path / "corpus.db") as opened:
        # A tau of 0.1 makes all samples one group: they are in one split, and can form pairs.
        config = CorpusConfig(tau=0.1, shingle_size=1)
        check_scheme(opened, config)
        seeds = [seed(index, "s\n") for index in range(2)]
        opened.add_starting_corpus([(each, seed_admission(each)) for each in seeds])
        opened.add_prompts(0, [asking(index) for index in range(3)])
        opened.add_candidates([sampled(index, source) for index, (source, *_) in enumerate(outcomes)])
        for index, (_, status, accuracy, losses) in enumerate(outcomes):
            evaluation = judged(index, status, accuracy).model_copy(update={"losses": losses})
            admission = decide(evaluation, Neighbour(id="seed/0", jaccard=0.0625), config)
            opened.add_judgement(evaluation, admission)
        of_program = module(1).model_copy(update={"location": "c000/0001:Scale1"})
        probes = [probe(0), probe(0, setting={}, formula=(1, 0, 0.5, 0, 0, 0)), probe(1, failure="it fails")]
        opened.add_modules([module(0), of_program], probes)
        opened.add_ideas([LEAF], IDEAS)
        yield opened


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cut the network off for everything in this process."""
    import datasets
    import huggingface_hub.constants

    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_parquet_says_its_types_in_words_that_every_version_of_datasets_knows(
    offline: None, tmp_path: Path, config: str
) -> None:
    """`datasets` 3 refuses a type that it does not know, and `List` is of version 4."""
    import pyarrow
    import pyarrow.parquet
    from datasets import load_dataset

    wanted = features(CONFIGS[config])
    schema = schema_for_all(wanted)
    assert b'"List"' not in schema.metadata[b"huggingface"]
    row = dict.fromkeys(schema.names)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row], schema), tmp_path / "train.parquet")
    read = load_dataset("parquet", data_files=str(tmp_path / "train.parquet"), split="train")
    assert read.features == wanted


def test_every_row_is_exported_and_only_winners_teach(ledger: LedgerWriter, tmp_path: Path) -> None:
    counts = export_dataset(ledger, tmp_path / "out", TableFormat.JSONL)
    assert {config: sum(splits.values()) for config, splits in counts.items()} == {
        "programs": 5,
        "prompts": 3,
        "evaluations": 3,
        "sft": 1,
        "preferences": 2,
        "unpaired_preferences": 3,
        "modules": 2,
        "module_probes": 3,
        "ideas": 2,
    }
    rows = json_rows(tmp_path / "out" / "programs.jsonl")
    assert [row["reason"] for row in rows] == ["SEED", "SEED", "ADMITTED", "BELOW_THRESHOLD", "INVALID"]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("table_format", TableFormat)
def test_datasets_loads_every_field_of_every_row_offline(
    ledger: LedgerWriter, tmp_path: Path, table_format: TableFormat
) -> None:
    import datasets

    counts = export_dataset(ledger, tmp_path / "out", table_format)
    evaluations = ledger.evaluations()
    tables = Tables(ledger, ledger.splits())
    expected: dict[str, Iterable[Row]] = {
        "programs": tables.programs(),
        "prompts": tables.asked(),
        "evaluations": tables.evaluations(),
        "sft": tables.sft(),
        "preferences": preferences(tables, evaluations),
        "unpaired_preferences": unpaired_preferences(tables, evaluations),
        "modules": module_rows(ledger.modules(), tables.program_splits()),
        "module_probes": probe_rows(ledger, ledger.modules(), tables.program_splits()),
        "ideas": idea_rows(ledger.ideas()),
    }
    for config, rows in expected.items():
        loaded = datasets.load_dataset(str(tmp_path / "out"), config)
        assert {split: len(part) for split, part in loaded.items()} == counts[config]
        plain = [row.model_dump(mode="json") for row in rows]
        assert plain
        for split, part in loaded.items():
            assert part.features == features(CONFIGS[config])
            assert list(part) == [row for row in plain if split in ("ledger", row["split"])]


def test_a_field_keeps_its_value_on_the_way(ledger: LedgerWriter, tmp_path: Path) -> None:
    """The expectation above comes from the exporter's own rows; here it comes from the ledger."""
    import pyarrow.parquet

    export_dataset(ledger, tmp_path / "out", TableFormat.PARQUET)
    found: dict[str, dict[str, Any]] = {}
    for config in ("programs", "evaluations", "prompts"):
        files = (tmp_path / "out" / config).iterdir()
        rows = [row for path in files for row in pyarrow.parquet.read_table(path).to_pylist()]
        found[config] = {row.get("id") or row["candidate_id"]: row for row in rows}
    for candidate in ledger.candidates():
        row = found["programs"][candidate.id]
        own = candidate.model_dump(mode="json", exclude={"seed"})
        assert {name: row[name] for name in own} == own
        if candidate.prompt_id:
            prompt = ledger.prompt(candidate.prompt_id).model_dump(mode="json")
            assert {name: found["prompts"][candidate.prompt_id][name] for name in prompt} == prompt
    for evaluation in ledger.evaluations():
        row = found["evaluations"][evaluation.candidate_id]
        values = evaluation.model_dump(mode="json", exclude={"losses"})
        assert {name: row[name] for name in values} == values
    assert found["evaluations"]["c000/0000"]["losses"] == [2.5, 0.5]


def test_modules_and_probes_are_exported_with_all_that_is_known_of_them(
    ledger: LedgerWriter, tmp_path: Path
) -> None:
    export_dataset(ledger, tmp_path / "out", TableFormat.JSONL)
    assert set(ModuleRow.model_fields) >= set(MinedModule.model_fields) - {"inputs"}
    assert set(ModuleProbeRow.model_fields) >= set(ModuleProbe.model_fields)
    of_package, of_program = json_rows(tmp_path / "out" / "modules.jsonl")
    split = Tables(ledger, ledger.splits()).program_splits()["c000/0001"]
    assert (of_package["split"], of_program["split"]) == ("train", split)
    known = module(0).model_dump(mode="json", exclude={"inputs"})
    assert {name: of_package[name] for name in known} == known
    assert (of_package["min_inputs"], of_package["max_inputs"]) == (1, None)
    for row, found in zip(
        json_rows(tmp_path / "out" / "module_probes.jsonl"), ledger.module_probes(), strict=True
    ):
        assert json.loads(row.pop("setting")) == found.setting
        assert row.pop("split") == ("train" if found.module_id == module(0).id else split)
        assert row == found.model_dump(mode="json", exclude={"setting"})
    assert "export: MIT, NOASSERTION." in DatasetCard.load(tmp_path / "out" / "README.md").text


def test_ideas_are_exported_with_their_sources_and_licences(ledger: LedgerWriter, tmp_path: Path) -> None:
    export_dataset(ledger, tmp_path / "out", TableFormat.JSONL)
    assert set(IdeaRow.model_fields) == {*Idea.model_fields, "split", "licence"}
    rows = json_rows(tmp_path / "out" / "ideas.jsonl")
    assert [(row.pop("split"), row.pop("licence")) for row in rows] == [("train", "MIT")] * 2
    for row, idea in zip(rows, IDEAS, strict=True):
        codemod = row.pop("codemod")
        assert (codemod and Codemod.model_validate_json(codemod)) == idea.codemod
        assert row == idea.model_dump(mode="json", exclude={"codemod", "licence"})
    card = DatasetCard.load(tmp_path / "out" / "README.md").text
    assert "| `ideas` | 2 |" in card and "MIT, NOASSERTION." in card


@pytest.mark.parametrize(
    ("stated", "together"),
    [
        (["MIT", "MIT"], "MIT"),
        (["MIT OR Apache-2.0", "CC-BY-4.0"], "CC-BY-4.0 AND (MIT OR Apache-2.0)"),
        (["MIT", "NOASSERTION"], "NOASSERTION"),
    ],
)
def test_an_idea_has_the_licences_of_all_its_sources(stated: list[str], together: str) -> None:
    sources = tuple(IdeaSource(title="a paper", licence=each) for each in stated)
    assert licence_of(IDEAS[0].model_copy(update={"sources": sources})) == together
    assert licence_of(IDEAS[0].model_copy(update={"licence": "CC0-1.0"})) == "CC0-1.0"


@pytest.mark.parametrize("table_format", TableFormat)
def test_without_modules_and_ideas_there_is_no_table_of_them(
    tmp_path: Path, table_format: TableFormat
) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as empty:
        export_dataset(empty, tmp_path / "out", table_format)
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert not [name for name in names if "module" in name or "ideas" in name]


@pytest.mark.parametrize("table_format", TableFormat)
def test_an_export_with_ideas_is_imported_as_one_without(tmp_path: Path, table_format: TableFormat) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as run:
        of_net = seed(0, "class Net:\n    pass\n")
        run.add_starting_corpus([(of_net, seed_admission(of_net))])
        run.add_ideas([LEAF], IDEAS)
        counts = export_dataset(run, tmp_path / "out", table_format)
    assert sum(counts["ideas"].values()) == 2
    with LedgerWriter.create(tmp_path / "new.db") as other:
        report = import_programs(recognise(tmp_path / "out"), other)
        assert (report.programs, list(report.rejections)) == (1, [])
        assert other.ideas() == []


def test_a_loss_that_is_no_number_is_exported_as_null(ledger: LedgerWriter, tmp_path: Path) -> None:
    export_dataset(ledger, tmp_path / "out", TableFormat.JSONL)
    assert json_rows(tmp_path / "out" / "evaluations.jsonl")[2]["losses"] == [None]


def test_what_is_no_number_of_rows_is_no_configuration(tmp_path: Path) -> None:
    """An empty configuration could not be loaded, so the card does not promise it."""
    with LedgerWriter.create(tmp_path / "corpus.db") as empty:
        export_dataset(empty, tmp_path / "out", TableFormat.PARQUET)
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    assert card.data.to_dict()["configs"] == []


def test_the_card_keeps_the_rules_that_can_be_checked_offline(ledger: LedgerWriter, tmp_path: Path) -> None:
    """The hub's validator needs the network; what it builds on is read here by the libraries of the hub."""
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs

    notes = ExportNotes(name="tiny", licence="MIT", base_model="tiny-model", hardware="one abacus")
    counts = export_dataset(ledger, tmp_path / "out", TableFormat.PARQUET, notes)
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    data = card.data.to_dict()
    configs = MetadataConfigs.from_dataset_card_data(card.data)
    infos = DatasetInfosDict.from_dataset_card_data(card.data)
    assert set(configs) == set(infos) == set(CONFIGS)
    assert configs.get_default_config_name() == "programs"
    for config, splits in counts.items():
        assert {name: split.num_examples for name, split in infos[config].splits.items()} == splits
        assert infos[config].features == features(CONFIGS[config])
        for files in configs[config]["data_files"]:
            assert (tmp_path / "out" / files["path"]).is_file()
    assert (data["license"], data["size_categories"], data["language"]) == ("mit", ["n<1K"], ["code"])
    for fact in ("grammar, tiny", "digits-1", "tiny-model", "one abacus", '"temperature":0.8', "sandbox"):
        assert fact in card.text


@pytest.mark.parametrize(
    ("rows", "category"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**5, "100K<n<1M")]
)
def test_the_size_category_is_the_hubs(rows: int, category: str) -> None:
    assert size_category(rows) == category


@pytest.mark.parametrize("table_format", TableFormat)
def test_mlcroissant_finds_no_error_and_reads_the_rows(
    ledger: LedgerWriter, tmp_path: Path, table_format: TableFormat
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs mlcroissant: install the extra dev")
    counts = export_dataset(ledger, tmp_path / "out", table_format)
    described = mlcroissant.Dataset(jsonld=str(tmp_path / "out" / "croissant.json"))
    assert list(described.metadata.ctx.issues.errors) == []
    sets = {record_set.uuid for record_set in described.metadata.record_sets}
    assert sets == {f"{config}/{split}" for config, splits in counts.items() for split in splits}
    for name in sets:
        config, split = name.split("/")
        rows = list(described.records(name))
        assert len(rows) == counts[config][split]
    programs = [row for name in sets if name.startswith("programs/") for row in described.records(name)]
    texts = {value for row in programs for key, value in row.items() if key.endswith("/completion")}
    assert texts == {candidate.completion.encode() for candidate in ledger.candidates()}


def test_a_row_whose_prompt_shows_another_split_is_held_out(tmp_path: Path) -> None:
    """An exemplar of test in a prompt of train would teach what test measures."""
    texts = {name: f"{name} = 1\n" for name in "abcdefghijklmnopqrst"}
    with LedgerWriter.create(tmp_path / "corpus.db") as opened:
        seeds = [seed(index, text) for index, text in enumerate(texts.values())]
        opened.add_starting_corpus([(each, seed_admission(each)) for each in seeds])
        frozen_splits(opened)
        prompts, candidates = [], []
        for index, each in enumerate(seeds):
            for other in range(2):
                place = 2 * index + other
                candidates.append(sampled(place, f"own_{place} = {place}\n"))
                prompts.append(asking(place, exemplar_ids=(each.id,)))
        opened.add_prompts(0, prompts)
        opened.add_candidates(candidates)
        tables = Tables(opened, frozen_splits(opened))
    split = {each.id: tables.assignment(each).split for each in tables.candidates.values()}
    combinations = set()
    for row in tables.asked():
        own, shown = split[row.id.replace("p", "")], split[row.exemplar_ids[0]]
        combinations.add((own, shown))
        assert row.split is (own if shown in (own, Split.TRAIN) else Split.EXCLUDED)
    assert (Split.TRAIN, Split.TEST) in combinations or (Split.TRAIN, Split.VALIDATION) in combinations


def judged_answers(tmp_path: Path, accuracies: list[float | None]) -> tuple[Tables, list[Evaluation]]:
    """Return the tables of a ledger whose programs answer one prompt; without an accuracy, invalidly."""
    with LedgerWriter.create(tmp_path / "corpus.db") as opened:
        opened.add_prompts(0, [asking(index) for index in range(len(accuracies))])
        same = "layers = 1\n"  # one text, hence one split
        opened.add_candidates([sampled(index, same) for index in range(len(accuracies))])
        for index, accuracy in enumerate(accuracies):
            status = EvaluationStatus.SHAPE_ERROR if accuracy is None else EvaluationStatus.COMPLETE
            opened.add_evaluation(judged(index, status, accuracy))
        return Tables(opened, frozen_splits(opened)), opened.evaluations()


def test_pairs_are_valid_over_invalid_and_better_over_worse_by_the_margin(tmp_path: Path) -> None:
    tables, evaluations = judged_answers(tmp_path, [0.5, None, 0.9, 0.3, 0.55, None])
    found = [
        (row.kind, row.chosen_id[-1], row.rejected_id[-1], row.margin)
        for row in preferences(tables, evaluations, margin=0.1)
    ]
    assert found == [
        ("validity", "2", "1", None),
        ("validity", "4", "5", None),
        ("accuracy", "2", "3", pytest.approx(0.6)),
    ]


def test_an_answer_that_its_prompt_began_is_exported_whole(tmp_path: Path) -> None:
    """Two answers with other beginnings answer one question, so they form a pair."""
    begun = [Message(role="assistant", content=text) for text in ("layers", "layers =")]
    with LedgerWriter.create(tmp_path / "corpus.db") as opened:
        chats = [{"messages": (*MESSAGES, each)} for each in begun]
        opened.add_prompts(0, [asking(index).model_copy(update=chat) for index, chat in enumerate(chats)])
        for index, rest in enumerate((" = 1\n", " 1\n")):
            opened.add_candidates([sampled(index, "layers = 1\n").model_copy(update={"completion": rest})])
            opened.add_evaluation(judged(index, EvaluationStatus.COMPLETE, 0.9 - 0.5 * index))
        tables, evaluations = Tables(opened, frozen_splits(opened)), opened.evaluations()
    (row,) = preferences(tables, evaluations)
    assert row.prompt == MESSAGES
    assert {each[0].content for each in (row.chosen, row.rejected)} == {"layers = 1\n"}
    assert [each.messages[-1] for each in tables.asked()] == begun, "the table of prompts has what was sent"


def test_accuracies_of_different_protocols_form_no_pair(tmp_path: Path) -> None:
    tables, evaluations = judged_answers(tmp_path, [0.9, 0.1])
    other = evaluations[1].model_copy(update={"protocol_id": "digits-2"})
    assert len(list(preferences(tables, evaluations))) == 1
    assert list(preferences(tables, [evaluations[0], other])) == []


@pytest.mark.slow
def test_trl_reads_pairs_as_preferences_and_labels_as_unpaired(ledger: LedgerWriter, tmp_path: Path) -> None:
    from trl import is_conversational

    tables = Tables(ledger, frozen_splits(ledger))
    evaluations = ledger.evaluations()
    pair = next(iter(preferences(tables, evaluations))).model_dump(mode="json")
    assert {"prompt", "chosen", "rejected"} <= pair.keys() and is_conversational(pair)
    labelled = next(iter(unpaired_preferences(tables, evaluations))).model_dump(mode="json")
    assert {"prompt", "completion", "label"} <= labelled.keys() and is_conversational(labelled)


def test_a_directory_that_holds_something_is_refused_and_left_alone(
    ledger: LedgerWriter, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for replace in (False, True):
        with pytest.raises(LedgerExistsError, match="holds something"):
            export_dataset(ledger, out, TableFormat.JSONL, replace=replace)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_an_earlier_export_is_replaced_only_on_demand(ledger: LedgerWriter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_dataset(ledger, out, TableFormat.JSONL)
    with pytest.raises(LedgerExistsError, match="--force"):
        export_dataset(ledger, out, TableFormat.PARQUET)
    assert (out / "programs.jsonl").exists()
    export_dataset(ledger, out, TableFormat.PARQUET, replace=True)
    assert not (out / "programs.jsonl").exists() and (out / "programs").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out"]


@pytest.mark.parametrize("replace", [False, True])
def test_an_interrupted_export_leaves_everything_as_it_was(
    ledger: LedgerWriter, tmp_path: Path, replace: bool
) -> None:
    out = tmp_path / "out"
    if replace:
        export_dataset(ledger, out, TableFormat.JSONL)
    before = sorted(tmp_path.rglob("*"))

    def interrupt(config: str) -> None:
        if config == "sft":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_dataset(ledger, out, TableFormat.PARQUET, replace=replace, on_config=interrupt)
    assert [path for path in sorted(tmp_path.rglob("*")) if path.suffix not in (".db-wal", ".db-shm")] == [
        path for path in before if path.suffix not in (".db-wal", ".db-shm")
    ]


def test_the_documentation_explains_every_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    sections = dict(part.split("`", 1) for part in text.split("\n### `")[1:])
    for config, model in CONFIGS.items():
        documented = re.findall(r"^\| `(\w+)` \| ([\w\[\]]+) \| (.+) \|$", sections[config], re.MULTILINE)
        stated = {name: field.description for name, field in model.model_fields.items()}
        assert {name: meaning.replace("\\|", "|") for name, _, meaning in documented} == stated
