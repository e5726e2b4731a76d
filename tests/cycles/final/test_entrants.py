"""Who takes part in the first wave, and who wins it."""

from __future__ import annotations

from pathlib import Path

from corpus.config import CorpusConfig
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig
from cycles.final.entrants import Entrant, best_entrants, judged_programs, standings, with_seed
from cycles.final.settings import FinalSettings
from generator.slots.space import SlotSpace
from tests.ledgers import candidate, evaluation, new_corpus, program, write_cycle

PLAIN, WIDE, DEEP = program("conv relu pool"), program("conv gelu norm"), program("linear drop flat")


def judged(folder: Path, programs: list[tuple[str, float | None]]) -> list[Trial]:
    with new_corpus(folder) as ledger:
        write_cycle(ledger, 0, programs, CorpusConfig(min_accuracy=0.4))
        return judged_programs(ledger, 1)


def ids(entrants: list[Entrant]) -> list[str]:
    return [each.candidate.id for each in entrants]


def test_the_most_accurate_valid_programs_take_part_best_first(tmp_path: Path) -> None:
    rows = judged(tmp_path, [(PLAIN, 0.5), (WIDE, None), (DEEP, 0.9)])
    assert ids(best_entrants(rows, 8)) == ["c000/0002", "c000/0000"]
    assert ids(best_entrants(rows, 1)) == ["c000/0002"]


def test_a_program_takes_part_once_however_it_is_laid_out(tmp_path: Path) -> None:
    rows = judged(tmp_path, [(PLAIN, 0.5), (f"# again\n{PLAIN}\n\n", 0.6), (DEEP, 0.4)])
    assert ids(best_entrants(rows, 8)) == ["c000/0001", "c000/0002"]


def test_of_equally_accurate_programs_the_earlier_comes_first(tmp_path: Path) -> None:
    rows = judged(tmp_path, [(PLAIN, 0.5), (WIDE, 0.5)])
    assert ids(best_entrants(rows, 1)) == ["c000/0000"]


def test_a_program_is_chosen_by_the_evaluation_of_its_admission_alone(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        write_cycle(ledger, 0, [(PLAIN, 0.5), (DEEP, 0.6)], CorpusConfig(min_accuracy=0.4))
        before = judged_programs(ledger, 1)
        row = before[0].evaluation
        ledger.add_evaluation(row.model_copy(update={"accuracy": 0.99, "protocol_id": "digits-v1/test/e20"}))
        assert judged_programs(ledger, 1) == before


def test_the_seed_and_the_best_beside_it_take_part_whatever_their_places(tmp_path: Path) -> None:
    rows = judged(tmp_path, [(PLAIN, 0.5), (WIDE, 0.6), (DEEP, 0.9)])

    def of_slots(seed: int) -> list[Trial]:
        said = ["one slot"] * 3
        said[seed] = "seed"
        told = [{"generator": SlotSpace.author, "operator": each} for each in said]
        return [
            row._replace(candidate=row.candidate.model_copy(update=each))
            for row, each in zip(rows, told, strict=True)
        ]

    for seed, expected in ((0, ["c000/0002", "c000/0000"]), (2, ["c000/0002", "c000/0001"])):
        slotted = of_slots(seed)
        assert ids(with_seed(best_entrants(slotted, 1), slotted)) == expected
        assert ids(with_seed(best_entrants(slotted, 8), slotted)) == ["c000/0002", "c000/0001", "c000/0000"]
    assert ids(with_seed(best_entrants(rows, 1), rows)) == ["c000/0002"]


def trained(
    index: int, accuracies: list[float | None], parameters: int = 10
) -> tuple[Entrant, list[Evaluation]]:
    row = candidate(0, index, PLAIN)
    rows = [evaluation(row, accuracy) for accuracy in accuracies]
    searched = evaluation(row, 0.5).model_copy(update={"parameters": parameters})
    return Entrant(row, searched), rows


def ranking(*results: tuple[Entrant, list[Evaluation]]) -> list[str]:
    trainings = {entrant.candidate.id: rows for entrant, rows in results}
    return ids([each.entrant for each in standings([entrant for entrant, _ in results], trainings)])


def test_the_mean_over_the_seeds_decides_and_not_the_luckiest() -> None:
    assert ranking(trained(0, [0.99, 0.7]), trained(1, [0.9, 0.9])) == ["c000/0001", "c000/0000"]


def test_a_training_that_failed_counts_as_nothing() -> None:
    assert ranking(trained(0, [0.9, None]), trained(1, [0.5, 0.5])) == ["c000/0001", "c000/0000"]


def test_a_training_that_beat_nobody_counts_as_nothing_whatever_its_accuracy() -> None:
    entrant, rows = trained(0, [0.9, 0.9])
    reused = [row.model_copy(update={"status": EvaluationStatus.REUSED_DATA}) for row in rows]
    assert ranking((entrant, reused), trained(1, [0.5, 0.5])) == ["c000/0001"]


def test_of_equals_the_one_with_fewer_parameters_wins() -> None:
    assert ranking(trained(0, [0.9], 20), trained(1, [0.9], 10)) == ["c000/0001", "c000/0000"]


def test_who_failed_with_every_seed_has_no_place() -> None:
    assert ranking(trained(0, [None, None])) == []


def test_no_training_of_the_waves_has_a_seed_of_the_search_or_of_another_training() -> None:
    config = RunConfig(seed=3)
    settings = FinalSettings(seeds=3)
    protocols = [*settings.first_wave(config), settings.second_wave(config)]
    assert len({config.evaluator.seed, *(each.seed for each in protocols)}) == 5
    assert {each.epochs for each in protocols} == {20}


def test_a_longer_training_has_time_in_proportion() -> None:
    config = RunConfig()
    longer = FinalSettings(epochs=10).second_wave(config)
    assert longer.cpu_seconds == 10 * config.evaluator.cpu_seconds
    assert longer.wall_seconds == 10 * config.evaluator.wall_seconds
