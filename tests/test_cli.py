"""The command line: what a person or a rule meets."""

import ast
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_array, write_arrays
from rdm_pipeline.cli import main
from rdm_pipeline.files import sha256

ATTRS = {"encoder": "sup", "pool": "avg", "resolution": 28}
GATHER = '{"kind":{"value":"features"}}'


def shard(path: Path, rows: int = 4, **attrs: object) -> Path:
    array = np.ones((rows, 3), np.float32)
    write_arrays(path, "features", {"features": array}, {**ATTRS, **attrs})
    return path


def gather(folder: Path, *shards: Path, params: str = GATHER) -> int:
    files = [str(path) for path in shards]
    return main(["gather", "--shards", *files, "--whole", f"{folder}/w.h5", "--params", params])


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("rdm: ")
    assert err.count("\n") == 1
    return err


# --- verbs --------------------------------------------------------------------------------------


def test_a_verb_makes_its_file_and_a_record_of_what_it_read(tmp_path):
    shards = [shard(tmp_path / f"{k}.h5") for k in (0, 1)]
    assert gather(tmp_path, *shards) == 0
    assert read_array(tmp_path / "w.h5", "features", "features").shape == (8, 3)
    record = json.loads((tmp_path / "w.h5.prov.json").read_text())
    assert record["artifact"]["sha256"] == sha256(tmp_path / "w.h5")
    assert [file["sha256"] for file in record["inputs"]["shards"]] == list(map(sha256, shards))
    assert record["params"] == json.loads(GATHER)


@pytest.mark.parametrize("given", [False, True])
def test_an_optional_file_is_recorded_where_it_is_given(tmp_path, given):
    rows = shard(tmp_path / "features.h5")
    images = {"images": np.zeros((4, 1, 2, 2)), "labels": np.arange(4) % 2}
    write_arrays(tmp_path / "images.h5", "images", images, {"classes": '["a", "b"]'})
    codes, about = {"codes": np.eye(4, 5)}, {"encoder": "minilm", "prompts": "0"}
    write_arrays(tmp_path / "texts.h5", "texts", codes, about)
    spec = {
        "bandwidth_scale": 1.0,
        "bandwidth_rows": 4,
        "landmarks": 2,
        "kmeans_iterations": 1,
        "kmeans_rows": 4,
        "jitter": 0.1,
        "k_rr_rows": 4,
        "beta": 1.0,
        "seed": 0,
    }
    told = {"encoder": "sup", "reference": spec, "threads": 1}
    params = json.dumps({key: {"value": value} for key, value in told.items()})
    texts = [f"{tmp_path}/texts.h5"] if given else []
    command = ["reference", "--features", str(rows), "--images", f"{tmp_path}/images.h5"]
    command += [
        "--texts",
        *texts,
        "--mixture",
        "--reference",
        f"{tmp_path}/r.h5",
        "--params",
        params,
    ]
    assert main(command) == 0
    landmarks = read_array(tmp_path / "r.h5", "reference", "landmarks")
    assert landmarks.shape[1] == 3 + (5 if given else 2)  # two classes
    record = json.loads((tmp_path / "r.h5.prov.json").read_text())
    assert [file["path"] for file in record["inputs"]["texts"]] == list(map(os.path.relpath, texts))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ('{"kind":{"value":"pictures"}}', "--params: kind: found 'pictures', allowed: 'images' or"),
        ('{"kind":{"value":3}}', "--params: kind: found 3, allowed: 'images' or 'features'"),
        ("{}", "--params: kind: missing"),
        ('{"kind":{"value":"images"},"x":{"value":1}}', "x: unknown key, allowed: kind"),
        ("kind=images", "--params: not the JSON of a rule"),
    ],
)
def test_bad_parameters_are_one_line_and_nothing_is_made(tmp_path, capsys, params, message):
    assert gather(tmp_path, shard(tmp_path / "0.h5"), params=params) == 2
    assert message in one_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["0.h5"]


def test_a_missing_input_is_one_line_that_names_it(tmp_path, capsys):
    assert gather(tmp_path, tmp_path / "0.h5") == 2
    assert f"{tmp_path}/0.h5: not there; make it first" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []


def test_bad_input_leaves_neither_file_nor_record(tmp_path, capsys):
    shards = [shard(tmp_path / "0.h5"), shard(tmp_path / "1.h5", encoder="mae")]
    assert gather(tmp_path, *shards) == 2
    assert "encoder is 'mae', expected 'sup'" in one_line(capsys)
    assert sorted(tmp_path.iterdir()) == shards


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert gather(tmp_path / "file", shard(tmp_path / "0.h5")) == 2
    assert f"{tmp_path}/file: " in one_line(capsys)


@pytest.mark.parametrize(
    "arguments", [[], ["gathr"], ["gather"], ["gather", "--shards", "--whole", "w"], ["show"]]
)
def test_a_wrong_command_line_ends_in_usage_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: rdm")


def test_as_a_process_bad_parameters_end_in_status_2_without_a_traceback(tmp_path):
    command = ["gather", "--shards", "0.h5", "--whole", "w.h5", "--params", "{}"]
    done = rdm(command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rdm: --params: kind: missing\n"


# --- help ---------------------------------------------------------------------------------------


def rdm(arguments: Sequence[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rdm_pipeline.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def cpu_seconds(command: Sequence[str]) -> float:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run(command, check=True, capture_output=True)
    return spent() - before


def test_help_is_there_in_less_than_300_milliseconds_of_work():
    command = [sys.executable, "-m", "rdm_pipeline.cli", "--help"]
    assert min(cpu_seconds(command) for _ in range(3)) < 0.3


def test_help_names_every_verb_and_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from rdm_pipeline.catalog import VERBS\n"
        "from rdm_pipeline.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'h5py', 'pydantic', 'grimp'} & set(sys.modules)))\n"
        "print(list(VERBS))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    *text, heavy, verbs = done.stdout.splitlines()
    assert heavy == "[]"
    shown = {line.split()[0] for line in text if line.startswith("    ")}
    assert set(ast.literal_eval(verbs)) < shown


# --- show ---------------------------------------------------------------------------------------


def test_show_prints_the_tables_and_names_the_pictures(tmp_path, capsys):
    for name, text in (("table1", "| iRDM | 1.3 |"), ("table7", "| iRDM | 2.7 |")):
        (tmp_path / "tables").mkdir(exist_ok=True)
        (tmp_path / f"tables/{name}.md").write_text(text)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/samples-irdm.png").write_bytes(b"")
    assert main(["show", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert [line for line in lines if line] == [
        "| iRDM | 1.3 |",
        "| iRDM | 2.7 |",
        f"{tmp_path}/figures/samples-irdm.png",
    ]


def test_show_of_an_empty_folder_says_how_to_fill_it(tmp_path, capsys):
    assert main(["show", str(tmp_path)]) == 2
    assert "found no table or picture; make them: snakemake -c2 all" in one_line(capsys)
