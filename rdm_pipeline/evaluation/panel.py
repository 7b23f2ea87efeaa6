"""A panel metric exists only for the whole panel."""

from collections.abc import Mapping, Sequence

from rdm_pipeline.errors import RdmError


def panel_mean(scores: Mapping[str, float], panel: Sequence[str]) -> float:
    """Arithmetic mean of one score per encoder of the panel.

    Raises RdmError that names every encoder missing from the scores or foreign to the panel.
    Source: method.md section 8.
    """
    missing = [name for name in panel if name not in scores]
    extra = [name for name in scores if name not in panel]
    if missing or extra or not panel:
        raise RdmError(
            f"panel of {len(panel)}: missing {', '.join(missing) or 'none'}; "
            f"not in the panel {', '.join(extra) or 'none'}"
        )
    return sum(scores[name] for name in panel) / len(panel)
