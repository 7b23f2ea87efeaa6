"""GenEval: which images show what their prompts ask for, task by task (method.md section 8).

Source: Ghosh et al. 2023 (arXiv 2310.11513) and what its official scorer computes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdm_pipeline.errors import RdmError

TASKS = ("single_object", "two_object", "counting", "colors", "position", "color_attr")
POSITION_THRESHOLD = 0.1  # of both objects' sides, within which there is no relation
SAMPLES_PER_PROMPT = 100  # at most: the seeds of two prompts are so far apart

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass(frozen=True)
class Detection:
    """An object that a detector saw: its box, its confidence in [0,1] and its colour."""

    box: Box
    confidence: float
    color: str


@dataclass(frozen=True)
class Verdict:
    """Whether an image shows what its prompt, one of a task, asks for."""

    prompt: str
    task: str
    correct: bool


@dataclass(frozen=True)
class Rates:
    """Share of correct images by task, and their unweighted mean over the six.

    There is no mean where a task has no image.
    """

    tasks: Mapping[str, float]
    overall: float | None
    images: int
    prompts: int


def sample_seeds(prompts: int, samples: int, base: int) -> list[int]:
    """Return the seed of each sample's own noise, prompt by prompt: base + 100 prompt + sample.

    Raises RdmError for more samples than 100 of a prompt.
    """
    if samples > SAMPLES_PER_PROMPT:
        raise RdmError(f"samples: found {samples} of a prompt, allowed: {SAMPLES_PER_PROMPT}")
    return [
        base + SAMPLES_PER_PROMPT * prompt + sample
        for prompt in range(prompts)
        for sample in range(samples)
    ]


def judge(objects: Mapping[str, Sequence[Detection]], metadata: Mapping[str, Any]) -> str:
    """Return why the objects seen, by class, are not those of the prompt; empty if they are.

    Of every class the most confident ones count, as many as a clause of `include` asks for. They
    need its colour, and its position relative to those of an earlier clause. `exclude` bounds how
    many there may be.
    """
    reasons: list[str] = []
    groups: list[list[Detection]] = []
    for clause in metadata["include"]:
        found, reason = _matched(objects, clause, groups)
        reasons += [reason] if reason else []
        groups.append([] if reason else found)
    for clause in metadata.get("exclude", []):
        name, count, seen = clause["class"], clause["count"], len(objects.get(clause["class"], []))
        if seen >= count:
            reasons.append(f"expected {name}<{count}, found {seen}")
    return "\n".join(reasons)


def relations(box: Box, other: Box) -> set[str]:
    """Return how a box lies relative to another; nothing where they are close for their sizes.

    The offset between centres, less a tenth of both objects' sides, must be more than half of its
    whole length along an axis: up to two relations hold.
    """
    (left, top, right, bottom), (left2, top2, right2, bottom2) = box, other
    offset = np.array([left + right - left2 - right2, top + bottom - top2 - bottom2]) / 2
    sides = np.array([right - left + right2 - left2, bottom - top + bottom2 - top2])
    revised = np.maximum(abs(offset) - POSITION_THRESHOLD * sides, 0) * np.sign(offset)
    if (abs(revised) < 1e-3).all():
        return set()
    x, y = revised / np.linalg.norm(offset)
    held = {"left of": x < -0.5, "right of": x > 0.5, "above": y < -0.5, "below": y > 0.5}
    return {name for name, holds in held.items() if holds}


def rates(verdicts: Sequence[Verdict]) -> Rates:
    """Return the share of correct images of each task that has any, and the mean over tasks."""
    found = {
        task: float(np.mean([each.correct for each in verdicts if each.task == task]))
        for task in TASKS
        if any(each.task == task for each in verdicts)
    }
    overall = float(np.mean(list(found.values()))) if len(found) == len(TASKS) else None
    return Rates(found, overall, len(verdicts), len({each.prompt for each in verdicts}))


def unseen(verdicts: Sequence[Verdict], pool: Collection[str]) -> list[Verdict]:
    """Return the verdicts on prompts that the training pool does not hold."""
    seen = set(pool)
    return [each for each in verdicts if each.prompt not in seen]


def contamination(verdicts: Sequence[Verdict], pool: Collection[str]) -> float:
    """Return the share of evaluated prompts, in [0,1], that the training pool holds."""
    prompts, seen = {each.prompt for each in verdicts}, set(pool)
    return len(prompts & seen) / len(prompts)


def _matched(
    objects: Mapping[str, Sequence[Detection]],
    clause: Mapping[str, Any],
    groups: Sequence[Sequence[Detection]],
) -> tuple[list[Detection], str]:
    """Return the objects that a clause is about and why they do not match it, if they do not."""
    name, count = clause["class"], clause["count"]
    ranked = sorted(objects.get(name, []), key=lambda each: each.confidence, reverse=True)
    found = ranked[:count]
    if len(found) < count:
        return found, f"expected {name}>={count}, found {len(found)}"
    colors = [each.color for each in found]
    if "color" in clause and colors.count(clause["color"]) < count:
        return found, f"expected {clause['color']} {name}>={count}, found {', '.join(colors)}"
    if "position" not in clause:
        return found, ""
    relation, group = clause["position"]
    if not groups[group]:
        return found, f"no target for {name} to be {relation}"
    for each in found:
        for target in groups[group]:
            held = relations(each.box, target.box)
            if relation not in held:
                seen = " and ".join(sorted(held))
                return found, f"expected {name} {relation} target, found {seen} target"
    return found, ""
