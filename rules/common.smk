# What all rules share: the profile, the names that wildcards stand for, how jobs find the package.

import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.accepted import accepted_fingerprint as fingerprint
from rdm_pipeline.site_inputs import site_figures, site_runs, site_tables, site_values
from rdm_pipeline.workflow import JUDGE, SAMPLES, Workflow
from rdm_pipeline.training_sets import GENEVAL_PROMPTS

try:
    W = Workflow(Path(workflow.basedir), config.get("profile", "demo"))
except RdmError as error:
    raise WorkflowError(str(error))

if set(config) - {"profile"}:
    raise WorkflowError(f"--config: found {', '.join(config)}, allowed: profile")

R = W.results
LOGS = W.logs

# Jobs import the package that was fingerprinted, whatever else is installed. glibc keeps freed
# memory instead of handing it back after every step: a training step takes a fifth less time.
ALLOCATOR = "MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000"

shell.executable("bash")
shell.prefix(f"set -euo pipefail; export PYTHONPATH='{workflow.basedir}' {ALLOCATOR}; ")


def one_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


def state_of(*paths):
    """A user's files and folders count as changed when a name, a size or a time in them does."""
    from rdm_pipeline.datasets.folder import listing_signature

    try:
        return [listing_signature(Path(path)) for path in paths if path]
    except RdmError as error:
        return str(error)  # a plan needs no data; the verb that reads them says what is wrong


def declared(key, *files):
    """Return the files, or say that the profile does not declare what they are made from."""

    def input_files(wildcards):
        if not W.declares(key):
            raise WorkflowError(f"profile {W.profile}: {key} is not declared")
        return files

    return input_files


wildcard_constraints:
    dataset=W.dataset,
    source=one_of([W.dataset, *W.generators, *W.project.mixtures]),
    split=one_of(["train", "val", SAMPLES]),
    shard=r"\d+",
    encoder=one_of(W.all_encoders),
    reference=one_of(W.project.references),
    renders=one_of(W.project.renders),
    mixture=one_of(W.project.mixtures),
    pool=one_of(W.project.pools),
    run=one_of(W.project.runs),
    generator=one_of(W.generators),
    snapshot=one_of(W.project.snapshots),
    comparison=one_of(W.project.report.comparisons),
    discrepancy=one_of(W.project.spiral.discrepancies),
    batch=r"\d+",
    seed=r"\d+",
