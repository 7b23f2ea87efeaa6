from pathlib import Path

import huggingface_hub
import pytest
import torch

from rdm_pipeline.encoders import hub
from rdm_pipeline.encoders.hub import weight_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.encoders import HubFile, WebFile

COMMIT, OTHER = "a" * 40, "b" * 64
REPO, FILE = "someone/model", "vae/model.safetensors"
URL = "https://example.org/released/weights.pth"


@pytest.fixture(autouse=True)
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder; a download that no test provides for fails."""

    def offline(*_, **__):
        raise OSError("no route\nto host")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the hub's client leaves in its cache; it is told the revision that was asked for."""
    path = tmp_path / f"cache/models--someone--model/snapshots/{COMMIT}/{FILE}"
    path.parent.mkdir(parents=True)

    def download(repo: str, file: str, revision: str | None) -> str:
        path.write_text(f"{repo} {file} {revision}")
        return str(path)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return path


def hub_file(sha256: str | None, revision: str | None = COMMIT) -> HubFile:
    return HubFile(repo=REPO, file=FILE, revision=revision, sha256=sha256)


def test_the_pinned_revision_is_what_the_hub_is_asked_for(cached):
    cached.write_text(f"{REPO} {FILE} {COMMIT}")
    assert weight_file(hub_file(sha256(cached))) == cached


@pytest.mark.parametrize("revision", [None, COMMIT])
def test_a_file_without_a_pin_says_what_to_write_down(cached, revision):
    with pytest.raises(RdmError) as error:
        weight_file(hub_file(None, revision))
    assert f"{REPO}/{FILE} is not pinned yet" in str(error.value)
    assert str(error.value).endswith(f"sha256: {sha256(cached)} and revision: {COMMIT}")


def test_a_hash_without_a_revision_is_not_pinned(cached):
    cached.write_text(f"{REPO} {FILE} None")
    with pytest.raises(RdmError, match="is not pinned yet"):
        weight_file(hub_file(sha256(cached), revision=None))


def test_another_file_than_the_pinned_one_is_refused_with_both_hashes(cached):
    with pytest.raises(RdmError) as error:
        weight_file(hub_file(OTHER))
    assert sha256(cached) in str(error.value) and OTHER in str(error.value)


def test_without_a_network_the_line_says_what_from_where_and_where_to_put_it():
    with pytest.raises(RdmError) as error:
        weight_file(hub_file(OTHER))
    assert str(error.value) == (
        f"encoders.weights: {FILE} of {REPO} at {COMMIT} could not be downloaded (no route); "
        f"or put it at data/weights/{REPO}/{FILE}"
    )
    with pytest.raises(
        RdmError, match=rf"{URL} could not .*; or put it at data/weights/weights.pt"
    ):
        weight_file(WebFile(url=URL, sha256=None))


@pytest.mark.parametrize(
    "origin", [lambda pin: hub_file(pin, revision=None), lambda pin: WebFile(url=URL, sha256=pin)]
)
def test_a_file_put_here_by_hand_needs_no_network_but_the_pinned_hash(origin):
    placed = hub.BY_HAND / (
        f"{REPO}/{FILE}" if isinstance(origin(None), HubFile) else "weights.pth"
    )
    placed.parent.mkdir(parents=True)
    placed.write_text("by hand")
    assert weight_file(origin(sha256(placed))) == placed
    with pytest.raises(RdmError, match="is pinned to"):
        weight_file(origin(OTHER))
    with pytest.raises(RdmError, match=f"write down sha256: {sha256(placed)}$"):
        weight_file(origin(None))


def test_a_file_of_the_web_is_downloaded_once(monkeypatch):
    asked = []

    def download(url: str, path: str, progress: bool) -> None:
        asked.append(url)
        Path(path).write_text("weights")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    with pytest.raises(RdmError, match="not pinned yet"):
        weight_file(WebFile(url=URL, sha256=None))
    path = Path(torch.hub.get_dir()) / "checkpoints/weights.pth"
    assert weight_file(WebFile(url=URL, sha256=sha256(path))) == path
    assert asked == [URL]
