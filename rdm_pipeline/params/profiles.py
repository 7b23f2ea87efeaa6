"""Reads params.yaml and the profiles that are laid over it as trees; faults are one line."""

from pathlib import Path
from typing import Any

import yaml

from rdm_pipeline.errors import RdmError

DEFAULT_PROFILE = "demo"
OVER = "over"  # of a profile: the one that it is laid over


def profile_chain(root: Path, profile: str) -> list[str]:
    """Return the profiles that make one up, each laid over those before it; none of the demo.

    A profile's key `over` names the one that it is laid over. RdmError for an unknown profile and
    for one that is laid over itself.
    """
    chain: list[str] = []
    while profile != DEFAULT_PROFILE:
        if profile in chain:
            raise RdmError(f"profile {profile}: over: laid over itself, by {' over '.join(chain)}")
        chain.insert(0, profile)
        profile = _read_profile(root, profile).get(OVER, DEFAULT_PROFILE)
    return chain


def read_overlay(root: Path, profile: str) -> dict[str, Any]:
    """Return what a profile lays over the one below it."""
    tree = _read_profile(root, profile)
    tree.pop(OVER, None)
    return tree


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key that appears twice is an error, not the victory of the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node without repeated keys."""
        names = [key.value for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.MarkedYAMLError(problem=f"{name} twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping of a file; RdmError for one that is not there or no such mapping."""
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise RdmError(f"{path.name}: not there; run from the folder that holds it") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise RdmError(f"{path.name}: not YAML: {line}") from None
    if not isinstance(tree, dict):
        raise RdmError(f"{path.name}: found {type(tree).__name__}, allowed: a mapping of keys")
    return tree


def _read_profile(root: Path, profile: str) -> dict[str, Any]:
    path = root / "profiles" / f"{profile}.yaml"
    if not path.exists():
        known = sorted(path.stem for path in (root / "profiles").glob("*.yaml"))
        allowed = ", ".join([DEFAULT_PROFILE, *known])
        raise RdmError(f"profile: found {profile!r}, allowed: {allowed}")
    return read_yaml(path)
