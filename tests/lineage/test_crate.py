"""The crate against the texts of Process, Workflow and Provenance Run Crate 0.5."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.audit import trace
from rdm_pipeline.lineage.crate import PROFILES, Source, build_crate
from rdm_pipeline.lineage.graph import load_graph
from tests.lineage.conftest import ROWS, all_artifacts

TABLE = "results/tiny/tables/table1.csv"
Crate = dict[str, dict[str, Any]]


@pytest.fixture
def crate(results, tmp_path) -> Crate:
    return written(tmp_path, largest=10**6)


def written(project: Path, largest: int) -> Crate:
    """Write a crate of the table; return its entities by their names."""
    for name in ("Snakefile", "params.yaml"):
        (project / name).write_text(name)
    chain = trace(load_graph(Path("results/tiny")), TABLE, None)
    build_crate(Source(chain, project, ["Snakefile", "params.yaml"], largest)).write("crate")
    tree = json.loads(Path("crate/ro-crate-metadata.json").read_text())
    return {entity["@id"]: entity for entity in tree["@graph"]}


def of_type(crate: Crate, kind: str) -> list[dict[str, Any]]:
    return [entity for entity in crate.values() if kind in as_list(entity["@type"])]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(crate: Crate, entity: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The entities that a property refers to."""
    return [crate[reference["@id"]] for reference in as_list(entity[key])]


# --- what the profiles ask for ------------------------------------------------------------------

# Type, property that it MUST have, type of what the property MUST refer to.
MUST = [
    ("CreateAction", "instrument", ("SoftwareApplication", "ComputationalWorkflow")),  # process
    ("ComputationalWorkflow", "hasPart", ("SoftwareApplication",)),  # provenance
    ("HowToStep", "workExample", ("SoftwareApplication",)),
    ("ControlAction", "instrument", ("HowToStep",)),
    ("ControlAction", "object", ("CreateAction",)),
    ("OrganizeAction", "instrument", ("SoftwareApplication",)),
    ("OrganizeAction", "object", ("ControlAction",)),
    ("OrganizeAction", "result", ("CreateAction",)),
]


@pytest.mark.parametrize(("kind", "key", "kinds"), MUST)
def test_required_properties_refer_to_the_required_types(crate, kind, key, kinds):
    assert of_type(crate, kind)
    for entity in of_type(crate, kind):
        for other in named(crate, entity, key):
            assert {*kinds} & {*as_list(other["@type"])}, (entity["@id"], other["@id"])


def test_the_root_names_all_four_profiles_and_a_licence(crate):
    root = crate["./"]
    assert {entity["@id"] for entity in named(crate, root, "conformsTo")} == {*PROFILES}
    assert all(entity["@type"] == "CreativeWork" for entity in named(crate, root, "conformsTo"))
    assert root["name"] and root["description"] and root["datePublished"] and root["license"]


def test_every_action_is_mentioned_and_has_times_and_a_name(crate):
    mentioned = {entity["@id"] for entity in named(crate, crate["./"], "mentions")}
    for action in of_type(crate, "CreateAction"):
        assert action["@id"] in mentioned
        assert action["name"] and action["startTime"] <= action["endTime"]


def test_the_main_workflow_has_the_four_types_and_steps_as_it_uses_them(crate):
    (workflow,) = named(crate, crate["./"], "mainEntity")
    kinds = {"File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"}
    assert workflow["@id"] == "Snakefile" and {*workflow["@type"]} == kinds
    assert named(crate, workflow, "step") == of_type(crate, "HowToStep")
    (run,) = (
        action
        for action in of_type(crate, "CreateAction")
        if named(crate, action, "instrument") == [workflow]
    )
    (engine,) = of_type(crate, "OrganizeAction")
    assert named(crate, engine, "result") == [run]
    assert run["result"] == {"@id": TABLE}


def test_slots_have_a_type_and_what_fills_them_belongs_to_the_action(crate):
    slots = of_type(crate, "FormalParameter")
    assert slots and all(slot["additionalType"] in ("File", "Text") for slot in slots)
    for action in of_type(crate, "CreateAction"):
        (tool,) = named(crate, action, "instrument")
        if "input" not in tool:
            continue
        inputs = {slot["@id"] for slot in named(crate, tool, "input")}
        for entity in named(crate, action, "object"):
            assert inputs & {slot["@id"] for slot in named(crate, entity, "exampleOfWork")}


def test_measured_resources_have_a_quantity_and_a_unit(crate):
    used = [e for a in of_type(crate, "CreateAction") for e in named_or_none(crate, a)]
    assert used
    assert all(entity["propertyID"] and entity["unitCode"] and entity["value"] for entity in used)


def named_or_none(crate: Crate, action: dict[str, Any]) -> list[dict[str, Any]]:
    return named(crate, action, "resourceUsage") if "resourceUsage" in action else []


def test_every_reference_is_to_an_entity_of_the_crate_or_a_web_page(crate):
    for entity in crate.values():
        for key, value in entity.items():
            for reference in as_list(value):
                if isinstance(reference, dict):
                    known = reference["@id"] in crate or reference["@id"].startswith("http")
                    assert known, (entity["@id"], key, reference)


# --- what we promise ----------------------------------------------------------------------------


def test_every_artifact_and_record_of_the_chain_is_there_with_its_true_hash(crate, results):
    files = [entity for entity in of_type(crate, "File") if "sha256" in entity]
    for entity in files:
        copy = Path("crate") / entity["@id"]
        assert entity["sha256"] == sha256(copy)
        assert entity["contentSize"] == str(copy.stat().st_size)
    names = {entity["name"] for entity in crate.values() if "name" in entity}
    # what no number of the table was made from is left out
    beside = ("figures", "tables", "runs/irdm/history")
    chain = {name for name in all_artifacts() if not name.startswith(beside)}
    assert {f"results/tiny/{name}" for name in chain} <= names
    assert "results/tiny/figures/samples-irdm.png" not in names
    assert f"{TABLE}.prov.json" in names


def test_one_action_per_job_with_inputs_parameters_and_outputs(crate):
    actions = {action["name"]: action for action in of_type(crate, "CreateAction")}
    made = {f"rdm metrics: results/tiny/metrics/{row}.json" for row in ROWS}
    assert made <= actions.keys()
    train = actions["rdm train: results/tiny/runs/irdm/generator.safetensors"]
    assert as_list(train["result"]) == [{"@id": "results/tiny/runs/irdm/generator.safetensors"}]
    values = {e["name"]: e.get("value") for e in named(crate, train, "object")}
    assert values["threads"] == "1"
    assert "results/tiny/encoders/sup.safetensors" in values


def test_large_files_are_named_by_their_hash_and_left_out(results, tmp_path):
    crate = written(tmp_path, largest=0)
    entity = next(e for e in crate.values() if e.get("name") == TABLE)
    digest = base64.urlsafe_b64decode(entity["@id"].removeprefix("ni:///sha-256;") + "=").hex()
    assert digest == entity["sha256"] == sha256(Path(TABLE))
    assert {path.name for path in Path("crate").rglob("*") if path.is_file()} == {
        "ro-crate-metadata.json", "Snakefile", "params.yaml"
    }  # fmt: skip


def test_a_crate_is_the_same_when_it_is_written_again(results, tmp_path):
    assert written(tmp_path, 10**6) == written(tmp_path, 10**6)
