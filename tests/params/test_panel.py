from pathlib import Path
from typing import get_args

import pytest
import yaml

from rdm_pipeline.encoders.battery import FAMILIES
from rdm_pipeline.params.encoders import EncoderSpec, OwnFamily
from rdm_pipeline.params.panel import held_out_encoders, panel_order, training_encoders
from tests.encoders.networks import network

ROOT = Path(__file__).parents[2]


def panels() -> dict[str, dict[str, EncoderSpec]]:
    """Every panel that params.yaml or a profile declares in full."""
    found = {}
    for path in [ROOT / "params.yaml", *sorted((ROOT / "profiles").glob("*.yaml"))]:
        for name, rows in (yaml.safe_load(path.read_text()).get("panels") or {}).items():
            if all("network" in row for row in rows.values()):
                found[name] = {row: EncoderSpec(**spec) for row, spec in rows.items()}
    return found


def test_training_encoders_come_first_in_the_order_of_the_panel():
    panel = {
        name: EncoderSpec(role=role, paradigm="p", network=network("pixels"))
        for name, role in [("b", "held_out"), ("d", "train"), ("a", "train"), ("c", "held_out")]
    }
    assert training_encoders(panel) == ["d", "a"]
    assert held_out_encoders(panel) == ["b", "c"]
    assert panel_order(panel) == ["d", "a", "b", "c"]


@pytest.mark.parametrize("name", [name for name in panels() if name in ("demo", "paper")])
def test_the_whole_panels_have_ten_training_and_four_held_out_encoders(name):
    panel = panels()[name]
    assert len(training_encoders(panel)) == 10
    assert len(held_out_encoders(panel)) == 4


def test_the_panels_are_made_of_all_families_that_have_a_loader():
    demo, paper = ({s.network.family for s in panels()[n].values()} for n in ("demo", "paper"))
    assert demo == set(get_args(OwnFamily))
    assert demo | paper == set(FAMILIES)


def test_the_panel_of_the_paper_asks_for_pinned_files_of_every_encoder():
    for spec in panels()["paper"].values():
        assert spec.network.weights and spec.network.weights != "random"


def test_encoders_that_are_drawn_or_trained_here_do_not_share_a_seed():
    own = [s for s in panels()["demo"].values() if s.network.family in ("convnet", "vit")]
    assert len({spec.network.seed for spec in own}) == len(own)
