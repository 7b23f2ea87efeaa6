"""Which checkpoint is taken up after a kill."""

from pathlib import Path
from typing import Any

from rdm_pipeline.training import engine


class Saver:
    """Stands for DeepSpeed's engine of one of several ranks."""

    def save_checkpoint(self, folder: str, tag: str, save_latest: bool = True, **_: Any) -> None:
        (Path(folder) / tag).mkdir(parents=True)
        if save_latest:
            (Path(folder) / engine.LATEST).write_text(tag)


def test_a_checkpoint_is_the_latest_once_all_ranks_have_saved_theirs(tmp_path, monkeypatch):
    seen = []

    def others_have_saved() -> None:
        seen.append((tmp_path / "latest").read_text().strip())

    (tmp_path / "latest").write_text("step-000002")
    monkeypatch.setattr(engine.dist, "barrier", others_have_saved)
    monkeypatch.setattr(engine.dist, "get_rank", lambda: 0)
    engine.save_checkpoint(Saver(), tmp_path, 4, {})
    assert seen == ["step-000002"], "until then a job that is killed resumes from the one before"
    assert (tmp_path / "latest").read_text().strip() == "step-000004"
    assert [path.name for path in tmp_path.glob("step-*")] == ["step-000004"]
