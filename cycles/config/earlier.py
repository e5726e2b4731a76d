"""Settings of earlier versions under the names of today, so that earlier runs open as before.

This module does *not* read files or check values.
"""

from __future__ import annotations

from typing import Any

_TEACHERS = {"none": "winners", "frozen": "nobody", "random-valid": "random-valid"}


def under_todays_names(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with what is called otherwise today; whatever is unknown is left for the check."""
    values = dict(values)
    control = values.get("control")
    if control in _TEACHERS and "teaching" not in values:
        del values["control"]
        values["teaching"] = {"by": _TEACHERS[control]}
    generator = values.get("generator")
    if isinstance(generator, dict) and generator.get("sampler") == "grammar":
        values["generator"] = {key: value for key, value in generator.items() if key != "sampler"}
        values.setdefault("strategy", {"name": "random"})
        values["teaching"] = {"by": "nobody"}
    generator = values.get("generator")
    if isinstance(generator, dict) and "skeleton" in generator and "outline" not in generator:
        renamed = {key: value for key, value in generator.items() if key != "skeleton"}
        values["generator"] = {**renamed, "outline": generator["skeleton"]}
    return values
