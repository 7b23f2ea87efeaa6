"""Trees of parameters with a mistake in them."""

import copy
from typing import Any

REMOVED = object()


def replaced(tree: Any, key: str, value: Any) -> Any:
    """Return a tree with the value of one key replaced or removed."""
    tree = copy.deepcopy(tree)
    *path, last = key.split(".")
    node = tree
    for part in path:
        node = node[part]
    if value is REMOVED:
        del node[last]
    else:
        node[last] = value
    return tree
