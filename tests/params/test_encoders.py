import pytest
from pydantic import ValidationError

from rdm_pipeline.params.encoders import Network
from rdm_pipeline.params.explain import explain

HUB = {"repo": "timm/x", "file": "model.safetensors", "revision": "a" * 40, "sha256": "b" * 64}
WEB = {"url": "https://example.org/x.pth", "sha256": "b" * 64}
ROW = {"family": "timm", "source": "x", "resolution": 224, "pool": "cls", "dim": 8}
OWN = {**ROW, "family": "convnet", "pool": "avg"}


def complaint(row: dict) -> str:
    with pytest.raises(ValidationError) as error:
        Network(**row)
    return explain(error.value, row)


def test_weights_are_random_or_files_of_the_hub_and_of_the_web():
    assert Network(**ROW, weights="random").weights == "random"
    unpinned = {**HUB, "revision": None, "sha256": None}
    files = Network(**ROW, weights=[HUB, unpinned, WEB]).weights
    assert [type(file).__name__ for file in files] == ["HubFile", "HubFile", "WebFile"]


@pytest.mark.parametrize(
    "row, message",
    [
        (ROW, "weights: missing, timm takes random or a list of files"),
        ({**ROW, "weights": []}, "weights: missing, timm takes random or a list of files"),
        ({**ROW, "weights": "hub"}, "weights: found 'hub', allowed: 'random'"),
        ({**OWN, "weights": "random"}, "weights: found some for convnet, allowed: none"),
        ({**OWN, "options": {"depth": 2}}, "options: found some for convnet, allowed: none"),
        (
            {**ROW, "family": "inception", "weights": "random", "precision": "bfloat16"},
            "precision: found bfloat16, inception takes float32",
        ),
        ({**ROW, "weights": "random", "precision": "half"}, "precision: found 'half', allowed: "),
    ],
)
def test_a_mistake_names_the_key_what_was_found_and_what_is_allowed(row, message):
    assert complaint(row).startswith(message)


@pytest.mark.parametrize(
    "change, key",
    [
        ({"sha256": "abc"}, "sha256"),
        ({"sha256": "B" * 64}, "sha256"),
        ({"revision": "main"}, "revision"),
        ({"repo": "timm"}, "repo"),
    ],
)
def test_a_pin_is_a_whole_hash(change, key):
    assert f"weights.0.{key}: found " in complaint({**ROW, "weights": [{**HUB, **change}]})


def test_an_address_is_told_from_a_file_of_the_hub():
    typo = {**ROW, "weights": [HUB, {**WEB, "sha": 1}]}
    assert complaint(typo) == "weights.1.sha: unknown key, allowed: url, sha256"
    assert "weights.0.url: found 'x', allowed: " in complaint(
        {**ROW, "weights": [{**WEB, "url": "x"}]}
    )
    assert "weights.0: found 'x.pth', allowed: " in complaint({**ROW, "weights": ["x.pth"]})


def test_what_is_not_pinned_is_written_down_as_null():
    told = {key: value for key, value in HUB.items() if key != "sha256"}
    assert "weights.0.sha256: missing" in complaint({**ROW, "weights": [told]})
