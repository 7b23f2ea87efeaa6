"""Parameters as YAML."""

from pathlib import Path
from typing import Any

import yaml

from rdm_pipeline.errors import RdmError


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
    """Return the mapping that a file holds; RdmError for any other file."""
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
