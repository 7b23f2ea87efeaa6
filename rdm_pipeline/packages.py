"""Packages of the extra `paper`, imported only where something of theirs is used."""

import importlib
from types import ModuleType

from rdm_pipeline.errors import RdmError
from rdm_pipeline.torchvision_shim import declare_missing_operators


def paper_package(name: str) -> ModuleType:
    """Import a module of the extra `paper`; RdmError says how to install one that is missing."""
    declare_missing_operators()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise RdmError(
            f"the package {error.name} is not installed; "
            "pip install --constraint constraints.txt 'rdm-pipeline[paper]'"
        ) from None
