"""`RUN/final`: the folder that a user takes home, and its report.

    model.py  weights.safetensors  load.py  model.onnx (where there is one)  README.md  final.json

It is written whole or not at all, so a folder that is there is finished. This module does *not* measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from corpus.files.reading import MAX_NOTES_BYTES, UnfitFile, read_text
from corpus.files.whole import directory_in_the_making, discard_partials
from cycles.errors import UsageError
from cycles.final.card import model_card
from cycles.final.loader import loader
from cycles.final.records import FinalReport


@dataclass(frozen=True)
class FinalFolder:
    """The place of what is taken home.

    Attributes:
        path: The folder, which may not exist yet.
    """

    path: Path

    @property
    def weights_file(self) -> Path:
        """The weights of the network that lies there."""
        return self.path / "weights.safetensors"

    def report(self) -> FinalReport | None:
        """Return the report of a finished folder, None where there is none.

        Raises:
            UsageError: Something else lies there.
        """
        if not self.path.exists():
            return None
        try:
            return FinalReport.model_validate_json(read_text(self.path / "final.json", MAX_NOTES_BYTES))
        except (OSError, UnfitFile, ValidationError, UnicodeDecodeError):
            raise UsageError(
                f"{self.path}: there is no final.json that can be read, so this is not what archloop left. "
                "Move it away."
            ) from None

    def write(self, report: FinalReport, *, source: str, weights: bytes, onnx: bytes | None) -> None:
        """Put the network there; one that lies there already gives way.

        Raises:
            OSError: It cannot be written; what was there is still there.
        """
        discard_partials(self.path)
        with directory_in_the_making(self.path, replace=True) as folder:
            (folder / "model.py").write_text(source, encoding="utf-8", errors="surrogatepass", newline="")
            (folder / self.weights_file.name).write_bytes(weights)
            (folder / "load.py").write_text(loader(report), encoding="utf-8")
            if onnx is not None:
                (folder / "model.onnx").write_bytes(onnx)
            (folder / "README.md").write_text(model_card(report), encoding="utf-8")
            (folder / "final.json").write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
