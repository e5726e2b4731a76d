"""Settings of vLLM: the engine itself, and the server that it runs in or the endpoint that stands for it.

This module does *not* start or contact anything, and importing it loads neither torch nor vLLM.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator


class EngineConfig(BaseModel):
    """The `[generator.engine]` table: how vLLM runs a model, in a server of ours or in this process."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Type of weights and activations. `auto`: float32 on a CPU; on a GPU that of the model's file, in 16
    bits where that has 32."""

    max_model_len: int | None = Field(default=None, ge=1)
    """Longest prompt and completion together, in tokens; None for the model's own context."""

    max_num_seqs: int = Field(default=128, ge=1)
    """Completions in flight at a time."""

    kv_cache_mib: int | None = Field(default=None, ge=1)
    """Memory of the key-value cache in MiB. None: 512 on a CPU, on a GPU what `gpu_memory_share` leaves."""

    gpu_memory_share: float = Field(default=0.9, gt=0.0, le=1.0)
    """Share of a GPU's memory that vLLM may take, weights included."""

    eager: bool | None = None
    """Whether to run without compilation and CUDA graphs; None: on a CPU yes, on a GPU no."""

    max_lora_rank: int = Field(default=16, ge=1, le=512)
    """Largest rank of an adapter; `archloop` raises it to `finetune.rank`."""

    def resolved_dtype(self, *, on_cpu: bool) -> str:
        """Return the type for vLLM, whose own `auto` would silently take float32 models to bfloat16."""
        return "float32" if on_cpu and self.dtype == "auto" else self.dtype


class ServerConfig(BaseModel):
    """The `[generator.server]` table: where the server is, and how much patience it gets."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str | None = None
    """Base URL of a running OpenAI-compatible endpoint, `http://host:8000/v1`; None: start our own."""

    more_urls: tuple[str, ...] = ()
    """Further endpoints that serve the same model as the one at `url`: prompts are shared out evenly. Where
    an adapter is trained, all of them must see its folder at the same place."""

    model: str | None = None
    """Name to ask the endpoint at `url` for; None: the only base model that it lists."""

    api_key_variable: str | None = None
    """Environment variable that holds the key of the endpoint at `url`; the key itself is never saved."""

    python: Path | None = None
    """Python interpreter whose vLLM our own server runs on; None: the one that runs archloop."""

    drop: tuple[str, ...] = ()
    """Fields of a request that the endpoint refuses, so that they are left out: `["seed"]`, for example."""

    rename: dict[str, str] = {}
    """Fields of a request under the endpoint's own names: `{ max_tokens = "max_completion_tokens" }`."""

    extra: dict[str, JsonValue] = {}
    """Further fields of every request, which win over ours: `{ reasoning_effort = "low" }`."""

    guide: Literal["structured_outputs", "response_format", "none"] = "structured_outputs"
    """How the endpoint at `url` can be held to a form of answers. `structured_outputs`: by vLLM's field of
    that name, JSON by OpenAI's `response_format`; `response_format`: JSON alone, by OpenAI's; `none`: not at
    all, so the form is asked for in words. Our own server knows every guide."""

    system_turn: bool = True
    """Whether the endpoint's model takes a system turn; if not, its text stands before the user's. For our
    own server the model's chat template decides."""

    concurrency: int | None = Field(default=None, ge=1)
    """Requests in flight at a time; None: all of a batch."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port of our own server on 127.0.0.1; 0: any free one."""

    startup_timeout_seconds: float = Field(default=600.0, gt=0.0)
    """Longest wait for our own server to be ready."""

    request_timeout_seconds: float = Field(default=600.0, gt=0.0)
    """Longest wait for one completion, its time in the server's queue included."""

    attempts: int = Field(default=6, ge=1)
    """Tries of one request before the run stops."""

    backoff_seconds: float = Field(default=0.5, ge=0.0)
    """Mean wait after the first failed try; it doubles with each further one, up to 30 seconds."""

    restarts: int = Field(default=3, ge=0)
    """Restarts of our own server in one call, where it died under it, before the run stops."""

    lora: Literal["hot", "merge"] = "hot"
    """`hot` loads adapters into the running server; `merge` restarts our own server on merged weights."""

    probe: Literal["auto", "peft", "base", "none"] = "auto"
    """Check of a freshly loaded adapter. `peft`: its log-probabilities equal PEFT's in this process. `base`:
    they differ from the base model's. `auto`: `peft` with our own server in float32, else `base`."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> ServerConfig:
        if self.url is None and (self.model is not None or self.api_key_variable is not None):
            raise ValueError("model and api_key_variable belong to an endpoint of your own: set url too")
        if {"model", "messages"} & {*self.drop, *self.rename, *self.extra}:
            raise ValueError("drop, rename and extra are for every field but model and messages: see model")
        if self.url is not None and self.lora == "merge":
            raise ValueError("lora 'merge' restarts the server, which only our own allows: leave url out")
        if self.more_urls and self.url is None:
            raise ValueError("more_urls are beside url: set it to the first endpoint")
        if not all(map(_leads_to_a_host, (*self.more_urls, self.url or "http://localhost"))):
            raise ValueError(
                "every url must start with http:// or https:// and name a host, for example http://localhost:8000/v1"
            )
        return self


def _leads_to_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, a port that is no number
        return False
