"""Settings of the teaching: whose programs the generator learns from. This module chooses no program."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from corpus.records.tasks.kinds import Metric
from finetune.config import Loss


class Teachers(StrEnum):
    """Whose programs the generator is fine-tuned on."""

    WINNERS = "winners"
    """Those that the rule in force chooses (`choose`)."""
    RANDOM_VALID = "random-valid"
    """As many valid ones as that rule chooses, drawn at random: a control that learns the format alone."""
    NOBODY = "nobody"
    """No fine-tuning: the base model writes every cycle, a control that learns nothing."""


class Choice(StrEnum):
    """The rule by which winners are chosen, from the valid and new programs of a pool."""

    THRESHOLD = "threshold"
    """The admitted: all that reach the threshold of `[corpus]`, fixed or relative."""
    RELATIVE = "relative"
    """All that reach `floor` and are among the best `share`; where those are fewer than `few`, all that
    reach `lowered`. With the defaults it is the reference's rule: the larger of 0.40 and the 65th percentile,
    and 0.35 below 15 winners. Of another metric than accuracy nobody knows such numbers: both are 0."""
    SHARE = "share"
    """The best `share`, whatever their accuracy."""
    NICHES = "niches"
    """As many as the best `share`, but the best of each niche in turn, then the second best of each, and so
    on: what is strong among its like teaches, so that no design dies out."""


class Niche(StrEnum):
    """What makes two programs alike."""

    FAMILY = "family"
    """The same set of block families (`corpus.programs.families`)."""
    FAMILY_AND_SIZE = "family-and-size"
    """That, and numbers of parameters within the same power of four."""
    IDEA = "idea"
    """The same category of the idea that they came of (`strategy.ideas`); those that came of none, the same
    set of block families."""
    SHOWN = "shown"
    """The same category of ideas by what they name (`generator.ideas.marks`): of those that a program shows,
    the one that fewest of the pool show. No prompt needs to speak of ideas for it."""


class Pool(StrEnum):
    """Which programs compete with one another for being taught."""

    CYCLE = "cycle"
    """Those of one cycle: who was chosen once teaches for ever."""
    RUN = "run"
    """Those of all cycles so far, ranked anew for every fine-tuning: later programs displace earlier ones."""


class Against(StrEnum):
    """Whose answers the generator is led away from, under the losses `kto` and `dpo`."""

    INVALID = "invalid"
    """Those of programs that are not valid."""
    WEAKEST = "weakest"
    """The weakest of the valid and new that do not teach, as many as teach."""
    BOTH = "both"
    """Both. Under `random-valid` the invalid alone: a control learns what is valid, not what is good."""


class Imported(StrEnum):
    """Which programs of others, brought in by `archloop import`, teach beside the run's own."""

    NONE = "none"
    """None."""
    BEST_PER_FAMILY = "best-per-family"
    """Of each set of block families the best by a claimed accuracy, within each claimed protocol."""
    ALL = "all"
    """All but those of which their source says nothing but failures."""


class TeachingConfig(BaseModel):
    """The `[teaching]` table of a run's configuration: who teaches."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    by: Teachers = Teachers.WINNERS
    """Whose programs the generator is fine-tuned on: `winners`, or as controls `random-valid` or `nobody`."""
    choose: Choice = Choice.THRESHOLD
    """How winners are chosen: `threshold`, `relative`, `share` or `niches`."""
    share: float = Field(default=0.35, gt=0.0, le=1.0)
    """Share of the valid and new programs of a pool that teach, in (0, 1]; of no effect under `threshold`."""
    eligible: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the valid and new programs of a pool, the best of them, among which niches take turns, in
    (0, 1]: at 1 every niche teaches however weak it is, at `share` niches make no difference. Of no effect
    but under `niches`."""
    niche: Niche = Niche.FAMILY
    """What makes two programs alike under `niches`: `family`, `family-and-size`, `idea` or `shown`."""
    pool: Pool = Pool.CYCLE
    """Who competes: the programs of a `cycle`, or those of the whole `run` so far. Under `threshold`, where
    nobody competes, it changes no winner."""
    floor: float = Field(default=0.40, ge=0.0, le=1.0)
    """Validation accuracy in [0, 1] below which nobody teaches under `relative`; 0 for other metrics."""
    few: int = Field(default=15, ge=0)
    """Winners below which `relative` falls back on `lowered`."""
    lowered: float = Field(default=0.35, ge=0.0, le=1.0)
    """Validation accuracy in [0, 1] that is enough under `relative` where winners are few; 0 for other
    metrics."""
    against: Against = Against.BOTH
    """Whose answers become less likely under the losses `kto` and `dpo`: `invalid`, `weakest` or `both`."""
    imported: Imported = Imported.NONE
    """Which imported programs teach beside the winners: `none`, `best-per-family` or `all`. They answer the
    run's plain request, and do not count as winners that a fine-tuning waits for. Under the loss `dpo` none
    teaches: they have no worse answer beside them. Where prompts show programs, theirs are among them, and
    they are taught as answers to prompts that show others of which less is claimed."""
    imported_from: str = ""
    """What `archloop import` reads, a folder or a file: brought in when the run is made, and kept in its
    ledger; empty where nothing is, or where `archloop import` does it."""
    imported_first: bool = False
    """Whether imported programs teach before the first cycle too, with nobody beside them: so that a model
    that would write no valid program begins with some."""
    imported_protocol: str = ""
    """How the claimed protocol of imported teachers begins, such as `lemur/img-classification_cifar-10_acc`;
    empty for any. Claims under several protocols are never ranked together."""
    guard: int = Field(default=0, ge=0)
    """Programs that a new adapter writes, and the one before it, to be built but not trained; 0 for none.
    Where fewer than half as many build as before, the new adapter is rolled back: the one before it writes
    on."""
    late: bool = False
    """Whether a cycle learns from the winners of all cycles before it but the last one. Its fine-tuning then
    runs beside that last one, in a process of its own, so that no judging waits for it."""

    def floors(self, metric: Metric) -> tuple[float, float]:
        """Return `floor` and `lowered` as they hold for scores by `metric`."""
        return (self.floor, self.lowered) if metric is Metric.ACCURACY else (0.0, 0.0)

    @field_validator("by", mode="before")
    @classmethod
    def _who_is_not_how(cls, by: object) -> object:
        if by in {loss.value for loss in Loss}:
            raise ValueError(f"'{by}' is how, not who: set finetune.loss to '{by}'")
        return by

    @model_validator(mode="after")
    def _as_many_are_eligible_as_teach(self) -> TeachingConfig:
        if self.eligible < self.share:
            raise ValueError(
                f"eligible ({self.eligible:g}) must be at least share ({self.share:g}): raise it"
            )
        return self
