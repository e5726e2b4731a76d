"""Settings of the generator: which model writes, with which prompts, and how its answers are drawn.

This module does *not* load models or touch files, and importing it loads no torch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.records.prompts import SamplingParameters
from generator.config.serving import EngineConfig, ServerConfig
from generator.prompts.templates import TemplateName
from generator.samplers.contract import SamplingOptions

RankedBy = Literal["predictor", "parameters", "synflow", "naswot", "gradnorm", "probe", "chance"]


class GeneratorConfig(BaseModel):
    """The `[generator]` table of a run's configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sampler: Literal["transformers", "server", "offline"] = "transformers"
    """Who answers prompts. A language model: `transformers` in this process, `server` on our own vLLM server
    or an OpenAI-compatible endpoint, `offline` on vLLM in this process."""

    model: str = "embedded"
    """`embedded` for the model in the package, a folder, or a Hugging Face id that is in the local cache."""

    template: TemplateName = "compact"
    """Prompt template: `compact` for the embedded model, `instruct` for general code models."""

    exemplars: int = Field(default=0, ge=0, le=8)
    """Programs shown in each prompt: the run's own winners, and imported ones that teach. `compact` shows
    none."""

    exemplar_band: tuple[float, float] | None = None
    """Least and greatest Jaccard similarity, each in [0, 1], of each two programs that one prompt shows, such
    as [0.2, 0.6]; any without it. Where too few fit together, fewer are shown."""

    batch_size: int = Field(default=100, ge=1)
    """Prompts answered at a time."""

    redraws: int = Field(default=0, ge=0, le=16)
    """How often an answer is drawn again, with another seed, whose design (its program without its numbers)
    its cycle has written before: judging it would tell little. What was drawn in between is not kept, but its
    tokens are counted; the last answer is taken as it is."""

    redraw_broken: bool = False
    """Whether an answer is drawn again, too, whose program builds no network: a probe in the sandbox finds
    out (lint, build, one forward pass, no training). Of the same `redraws`; no evaluation is charged."""

    samples_per_place: int = Field(default=1, ge=1, le=64)
    """How many answers are drawn to each prompt, of which the best by `ranked_by` alone is judged. The tokens
    of all are counted."""

    ranked_by: RankedBy = "predictor"
    """By what the best of several samples is found: `predictor`, trained on the cycles before (the first
    sample is taken until they hold 25 built networks); a score of the untrained network in the sandbox:
    `parameters`, `synflow`, `naswot`, `gradnorm`; `probe`, the first sample that builds a network; `chance`,
    a seeded draw, the control."""

    threads: int = Field(default=1, ge=1)
    """CPU threads of the model. One is fastest for the embedded model."""

    device: str = "cpu"
    """Where the model runs, in PyTorch's notation: `cpu`, `cuda`, `cuda:1`."""

    temperature: float = Field(default=0.8, ge=0.0)
    """Sampling temperature; 0 is greedy."""

    top_k: int = Field(default=0, ge=0)
    """Only the k likeliest tokens are drawn from; 0 switches the filter off."""

    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Only the likeliest tokens that together reach this probability are drawn from; 1 switches it off."""

    max_new_tokens: int = Field(default=640, ge=1)
    """Longest completion, in tokens."""

    outline: bool = False
    """Whether completions are forced into the outline of a program (`generator.samplers.outline`); vLLM
    only."""

    engine: EngineConfig = EngineConfig()
    """How vLLM runs the model; for samplers `server` (our own) and `offline`."""

    server: ServerConfig = ServerConfig()
    """Our own server, or the endpoint that stands for it; for sampler `server`."""

    @property
    def uses_vllm(self) -> bool:
        """Whether vLLM answers, or an endpoint that is spoken to as vLLM is."""
        return self.sampler in ("server", "offline")

    @property
    def own_server(self) -> bool:
        """Whether the sampler starts a server of ours."""
        return self.sampler == "server" and self.server.url is None

    @property
    def served_elsewhere(self) -> bool:
        """Whether an endpoint answers that somebody else runs."""
        return self.sampler == "server" and self.server.url is not None

    @property
    def weights_here(self) -> bool:
        """Whether the sampler loads the model's weights on this machine, to `device`."""
        return not self.served_elsewhere

    @property
    def gives_memory_back(self) -> bool:
        """Whether `release` empties the device: vLLM in this process keeps what it has."""
        return self.sampler != "offline" and not self.served_elsewhere

    @property
    def options(self) -> SamplingOptions:
        """What every call asks for beside the sampling parameters."""
        if not self.outline:
            return SamplingOptions()
        from generator.samplers.outline import program_outline

        return SamplingOptions(guide=program_outline())

    @property
    def sampling(self) -> SamplingParameters:
        """The sampling parameters as one record."""
        return SamplingParameters(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            max_new_tokens=self.max_new_tokens,
        )

    @model_validator(mode="after")
    def _redrawing_needs_redraws(self) -> GeneratorConfig:
        if self.redraw_broken and not self.redraws:
            raise ValueError("redraw_broken draws nothing again with redraws = 0: set redraws to 8, say")
        return self

    @model_validator(mode="after")
    def _exemplars_need_room(self) -> GeneratorConfig:
        if self.exemplars and self.template == "compact":
            raise ValueError(
                "exemplars must be 0 with template 'compact'; use template 'instruct' to show programs"
            )
        if self.exemplar_band is not None:
            low, high = self.exemplar_band
            if not 0 <= low <= high <= 1 or self.exemplars < 2:
                raise ValueError(
                    "exemplar_band is [least, greatest] similarity in [0, 1] of two exemplars or more: set "
                    "exemplars to 2, 3 or 4"
                )
        if self.model == "embedded" and self.weights_here and self.template != "compact":
            raise ValueError("the embedded model understands template 'compact' only")
        return self

    @model_validator(mode="after")
    def _the_outline_needs_vllm(self) -> GeneratorConfig:
        if self.outline and not self.uses_vllm:
            raise ValueError("outline needs vLLM: set sampler to 'server' or 'offline'")
        if self.outline and self.template != "compact":
            raise ValueError("outline is that of a bare program: set template to 'compact'")
        return self
