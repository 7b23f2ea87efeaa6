"""Prompts over the world of scenes, as GenEval words them, and which of them are held out.

Source of wording and metadata: GenEval (Ghosh et al. 2023, arXiv 2310.11513).
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from rdm_pipeline.datasets.scenes import COLORS, SHAPES, Metadata, Pair

NUMBERS = {2: "two", 3: "three", 4: "four"}
RELATIONS = ("left of", "right of", "above", "below")
MIRRORED = {"right of": "left of", "below": "above"}


def all_prompts() -> list[dict[str, Any]]:
    """Return the metadata of every prompt of the six tasks, task by task."""
    pairs, colors = list(permutations(SHAPES, 2)), list(permutations(COLORS, 2))
    return [
        *(_prompt("single_object", f"a {a}", _one(a)) for a in SHAPES),
        *(_prompt("two_object", f"a {a} and a {b}", _one(a), _one(b)) for a, b in pairs),
        *(_counting(a, number) for a, number in product(SHAPES, NUMBERS)),
        *(
            _prompt("colors", f"a {color} {a}", _one(a, color=color))
            for a, color in product(SHAPES, COLORS)
        ),
        *(
            _prompt("position", f"a {a} {how} a {b}", _one(b), _one(a, position=[how, 0]))
            for (a, b), how in product(pairs, RELATIONS)
        ),
        *(
            _prompt("color_attr", f"a {c} {a} and a {d} {b}", _one(a, color=c), _one(b, color=d))
            for (a, b), (c, d) in product(pairs, colors)
        ),
    ]


def combination(metadata: Metadata) -> Hashable:
    """Return what a prompt of a task shows, whichever way round it says it."""
    task, clauses = metadata["tag"], metadata["include"]
    shapes = [clause["class"] for clause in clauses]
    if task == "counting":
        return task, shapes[0], clauses[0]["count"]
    if task == "position":
        relation = clauses[1]["position"][0]
        first, second = reversed(shapes) if relation in MIRRORED else shapes
        return task, second, MIRRORED.get(relation, relation), first
    if task in ("colors", "color_attr"):
        return task, frozenset(_pairs(metadata))
    return task, frozenset(shapes)


@dataclass(frozen=True)
class HeldOut:
    """Combinations that no training caption has, and pairs that no training image shows."""

    combinations: frozenset[Hashable]
    pairs: frozenset[Pair]

    def has(self, metadata: Metadata) -> bool:
        """Whether a prompt is held out: its combination is, or one of its coloured shapes."""
        return combination(metadata) in self.combinations or not self.pairs.isdisjoint(
            _pairs(metadata)
        )


def draw_held_out(seed: int) -> HeldOut:
    """Return what is held out: spread so that every shape, colour and number is still trained on.

    One shape, one pair of shapes, each number of one shape, one colour of each shape, one relation
    of each pair of shapes.
    """
    random = np.random.default_rng([seed, 0])
    shapes, colors = list(SHAPES), random.permutation(list(COLORS)).tolist()
    couples = list(combinations(SHAPES, 2))
    pairs = frozenset(zip(colors, shapes, strict=False))
    counted = zip(random.permutation(shapes).tolist(), NUMBERS, strict=False)
    related = (
        (*(couple if random.integers(2) else reversed(couple)), ("left of", "above")[number % 2])
        for number, couple in enumerate(couples)
    )
    return HeldOut(
        frozenset(
            {
                ("single_object", frozenset([shapes[int(random.integers(len(shapes)))]])),
                ("two_object", frozenset(couples[int(random.integers(len(couples)))])),
                *(("counting", shape, number) for shape, number in counted),
                *(("position", a, how, b) for a, b, how in related),
            }
        ),
        pairs,
    )


def in_turn(prompts: Iterable[Metadata], seed: int) -> list[Metadata]:
    """Return a turn of captions in which every task has as many: those of small tasks come again.

    Tasks alternate, each in an order of its own, so that the beginning of a turn is balanced too.
    """
    random = np.random.default_rng([seed, 1])
    by_task: dict[str, list[Metadata]] = {}
    for prompt in prompts:
        by_task.setdefault(prompt["tag"], []).append(prompt)
    shuffled = [[own[row] for row in random.permutation(len(own))] for own in by_task.values()]
    longest = max(map(len, shuffled))
    return [own[row % len(own)] for row in range(longest) for own in shuffled]


def _prompt(task: str, text: str, *clauses: dict[str, Any]) -> dict[str, Any]:
    return {"tag": task, "include": list(clauses), "prompt": f"a photo of {text}"}


def _one(shape: str, **more: Any) -> dict[str, Any]:
    return {"class": shape, "count": 1, **more}


def _counting(shape: str, number: int) -> dict[str, Any]:
    plural = f"{shape}es" if shape.endswith("s") else f"{shape}s"
    made = _prompt("counting", f"{NUMBERS[number]} {plural}", {"class": shape, "count": number})
    return {**made, "exclude": [{"class": shape, "count": number + 1}]}


def _pairs(metadata: Metadata) -> Iterator[Pair]:
    return (
        (clause["color"], clause["class"]) for clause in metadata["include"] if "color" in clause
    )
