"""Which tests share a worker: those of a file, whose fixtures are dear, and those of one DAG."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# They look at one and the same make of the smoke profile.
OF_SMOKE = tuple(
    f"tests/pipeline/test_{name}.py" for name in ("export", "lineage", "smoke", "smoke_report")
)


class ByFile(LoadScopeScheduling):
    """Hands a worker whole files, in the order of their names."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "smoke" if file in OF_SMOKE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Called by pytest-xdist; its own groups by mark do nothing under pytest 9.2."""
    config.option.loadscopereorder = False
    return ByFile(config, log)
