"""The one adapter that a server has from us: loaded under a new name, checked, and the last one taken off.

A name is never used twice (`served_name`: a count of our loads, and the ledger's hash of the adapter),
because a server may serve cached work of the weights that a name meant before. Where adapters cannot be
loaded into the running server, ours is started again on merged weights.

This module does *not* train or keep adapters, and draws no completions beyond the probe.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from corpus.records.adapters import adapter_hash
from generator.config.serving import ServerConfig
from generator.models.loading import load_model, load_tokenizer
from generator.samplers.contract import RequestRefused, UpstreamError, served_name
from generator.serving.adapter_probe import check_against_base, check_against_peft
from generator.serving.endpoint import Endpoint
from generator.serving.vllm.server import VllmServer


class MergeNeeded(UpstreamError):
    """Our server cannot load adapters into itself; it must be started again on merged weights."""


class ServedAdapter:
    """What a server holds of ours. `server` is None for somebody else's endpoint."""

    def __init__(
        self, config: ServerConfig, server: VllmServer | None, notify: Callable[[str], None]
    ) -> None:
        self._config, self._server, self._notify = config, server, notify
        self._merging = config.lora == "merge"
        self._merged: tempfile.TemporaryDirectory[str] | None = None
        self._merged_digest: str | None = None
        self._loads = 0
        self._name: str | None = None
        self._digest: str | None = None

    @property
    def name(self) -> str | None:
        """The name of the adapter that is live, None without one."""
        return self._name

    def forget(self) -> None:
        """Take note that the server was started anew and holds nothing of ours."""
        self._name = self._digest = None

    def model_to_serve(self, adapter: Path | None) -> Path | None:
        """Return the merged model that our server must run for `adapter`; None for the base model."""
        if adapter is None or not self._merging:
            return None
        assert self._server is not None, "only our own server is started on merged weights"
        digest = adapter_hash(adapter)
        if self._merged is None or self._merged_digest != digest:
            self._merged = tempfile.TemporaryDirectory(prefix="archloop-merged-")
            merge(self._server.model, adapter, Path(self._merged.name))
            self._merged_digest = digest
        return Path(self._merged.name)

    async def route(self, endpoint: Endpoint, base: str, adapter: Path | None) -> str:
        """Return the name under which `endpoint` serves `adapter`, loading it first if need be.

        Raises:
            MergeNeeded: Our server cannot load adapters; it must be started on `model_to_serve`.
            UpstreamError: It cannot be loaded, or what the server then serves is something else.
        """
        if adapter is None:
            await self.withdraw(endpoint)
            return base
        digest = adapter_hash(adapter)
        if self._name is not None and digest == self._digest:
            return self._name
        name = base if self._merging else await self._load(endpoint, digest, adapter)
        try:
            await self._check(endpoint, name, base, adapter)
        except UpstreamError:
            if not self._merging:
                await endpoint.unload_adapter(name)
            raise
        await self.withdraw(endpoint)
        self._name, self._digest = name, digest
        self._notify(f"adapter {digest} is live {'on merged weights' if self._merging else 'as ' + name}")
        return name

    async def _load(self, endpoint: Endpoint, digest: str, adapter: Path) -> str:
        """Return the new name under which the adapter is on the server."""
        self._loads += 1
        name = served_name(self._loads, digest)
        try:
            if await endpoint.load_adapter(name, str(adapter.resolve())):
                return name
        except RequestRefused as error:
            raise RequestRefused(
                f"{error}. The adapter's rank must fit generator.engine.max_lora_rank, and the server must "
                f"be able to read {adapter.resolve()}."
            ) from error
        if self._server is None:
            raise UpstreamError(
                f"{endpoint.url} has no route that loads adapters. Start vLLM with --enable-lora and "
                "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, or leave generator.server.url out for a server of ours."
            )
        self._merging = True
        self._notify("vLLM has no route that loads adapters: it is started again on merged weights")
        raise MergeNeeded(f"{endpoint.url} cannot load adapters while it runs")

    async def withdraw(self, endpoint: Endpoint) -> None:
        """Take the live adapter off the server."""
        if self._name is not None and not self._merging:
            await endpoint.unload_adapter(self._name)
        self.forget()

    async def _check(self, endpoint: Endpoint, name: str, base: str, adapter: Path) -> None:
        kind = self._config.probe
        if kind == "auto":
            kind = "peft" if self._server is not None and self._server.dtype == "float32" else "base"
        if kind == "peft":
            if self._server is None:
                raise UpstreamError("generator.server.probe 'peft' needs our own server: set it to 'base'.")
            await check_against_peft(endpoint, name, self._server.model, adapter)
        elif kind == "base":
            await check_against_base(endpoint, name, base)


def merge(model: str | Path, adapter: Path, target: Path) -> None:
    """Write `model` with `adapter` merged into its weights, and its tokenizer, to `target`."""
    from peft import PeftModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    merged = PeftModel.from_pretrained(load_model(model), str(adapter), is_trainable=False).merge_and_unload()
    merged.save_pretrained(target)
    load_tokenizer(model).save_pretrained(target)
