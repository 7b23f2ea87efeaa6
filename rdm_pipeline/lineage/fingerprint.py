"""A verb's code as one hash: the syntax trees of every package module that it reaches by import.

Rules are shell lines, so Snakemake cannot see that the package changed. Comments, docstrings and
formatting are stripped: only a change in what is computed changes the hash.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grimp

PACKAGE = "rdm_pipeline"
ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None)


@functools.cache
def fingerprint(verb: str) -> str:
    """Return the hash of the code behind a verb: over those of its modules."""
    return combined(module_hashes(verb))


@functools.cache
def module_hashes(verb: str) -> dict[str, str]:
    """Return what each module that a verb reaches computes, as a hash, by the module's name."""
    return {module: _module_hash(module) for module in modules(verb)}


def combined(hashes: Mapping[str, str]) -> str:
    """Return one hash over those of the modules."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def modules(verb: str) -> list[str]:
    """Return the names of the package's modules that a verb reaches, sorted."""
    start = f"{PACKAGE}.verbs.{verb}"
    return sorted({start, *_graph().find_upstream_modules(start)})


@functools.cache
def _module_hash(module: str) -> str:
    return hashlib.sha256(normalised(_file(module).read_text("utf-8")).encode()).hexdigest()[:32]


def source_hash() -> str:
    """Return the hash of every source file of the package, as it stands on the disk."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def normalised(source: str) -> str:
    """Return what a module computes as text, without docstrings, comments and positions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return repr(_nested(tree))


def _nested(node: Any) -> Any:
    """Return a syntax tree as tuples, without empty fields: those differ by Python version."""
    if isinstance(node, list):
        return tuple(_nested(child) for child in node)
    if not isinstance(node, ast.AST):
        return node
    filled = ((k, v) for k, v in ast.iter_fields(node) if v is not None and v != [])
    return (type(node).__name__, *((name, _nested(value)) for name, value in filled))


def _file(module: str) -> Path:
    relative = Path(*module.split(".")[1:])
    package = ROOT / relative / "__init__.py"
    return package if package.exists() else (ROOT / relative).with_suffix(".py")
