# GenEval: images of prompts -> verdicts of detectors -> Table 2.
#
# geneval/ROW/samples.h5 holds the images of a row, `samples` of each prompt in turn of the prompts,
# labelled by their rows; what is here is made from it, whoever makes it.

GENEVAL = W.project.evaluation.geneval
ASKED = R + "/geneval/evaluation_metadata.jsonl"


def detectors(kind):
    return [name for name, told in GENEVAL.detectors.items() if told.kind == kind] if GENEVAL else []


def table2_rows():
    return W.project.report.table2.rows if W.project.report.table2 else []


def table2_seeds_rows():
    told = W.project.report.table2_seeds
    return [row for rows in told.rows.values() for row in rows] if told else []


wildcard_constraints:
    row=one_of(["real", *W.generators]),
    detector=one_of(GENEVAL.detectors if GENEVAL else []),


rule geneval_prompts:
    output:
        metadata=ASKED,
    params:
        values=lambda w: W.pick({"prompts": "evaluation.geneval.prompts"}),
        code=fingerprint("geneval_prompts"),
        state=lambda w: state_of(GENEVAL.prompts),
    log:
        LOGS + "/geneval/prompts.log",
    benchmark:
        LOGS + "/geneval/prompts.tsv"
    shell:
        "rdm geneval_prompts --metadata {output.metadata}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule geneval_real:
    input:
        metadata=ASKED,
    output:
        images=R + "/geneval/real/samples.h5",
    params:
        values=lambda w: W.pick(
            {
                "dataset": "dataset",
                "samples": "evaluation.geneval.samples",
                "seed": "evaluation.geneval.seed",
            }
        ),
        code=fingerprint("geneval_real"),
    log:
        LOGS + "/geneval/samples-real.log",
    benchmark:
        LOGS + "/geneval/samples-real.tsv"
    shell:
        "rdm geneval_real --metadata {input.metadata} --images {output.images}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule geneval_detect:
    input:
        images=R + "/geneval/{row}/samples.h5",
        metadata=ASKED,
    output:
        results=R + "/geneval/{row}/{detector}.jsonl",
    params:
        values=lambda w: W.pick({"samples": "evaluation.geneval.samples"}),
        code=fingerprint("geneval_detect"),
    wildcard_constraints:
        detector=one_of(detectors("scenes")),
    log:
        LOGS + "/geneval/detect-{row}-{detector}.log",
    benchmark:
        LOGS + "/geneval/detect-{row}-{detector}.tsv"
    shell:
        "rdm geneval_detect --images {input.images} --metadata {input.metadata}"
        " --results {output.results} --params {params.values:q} 2>&1 | tee {log}"


rule geneval_layout:
    input:
        images=R + "/geneval/{row}/samples.h5",
        metadata=ASKED,
    output:
        folder=directory(R + "/geneval/{row}/images"),
    params:
        values=lambda w: W.pick({"samples": "evaluation.geneval.samples"}),
        code=fingerprint("geneval_layout"),
    log:
        LOGS + "/geneval/layout-{row}.log",
    benchmark:
        LOGS + "/geneval/layout-{row}.tsv"
    shell:
        "rdm geneval_layout --images {input.images} --metadata {input.metadata}"
        " --folder {output.folder} --params {params.values:q} 2>&1 | tee {log}"


rule geneval_scorer:
    input:
        folder=R + "/geneval/{row}/images",
        metadata=ASKED,
    output:
        results=R + "/geneval/{row}/{detector}.jsonl",
    params:
        values=lambda w: W.pick(
            {
                "detector": f"evaluation.geneval.detectors.{w.detector}",
                "samples": "evaluation.geneval.samples",
            }
        ),
        code=fingerprint("geneval_scorer"),
    wildcard_constraints:
        detector=one_of(detectors("scorer")),
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/geneval/scorer-{row}-{detector}.log",
    benchmark:
        LOGS + "/geneval/scorer-{row}-{detector}.tsv"
    shell:
        "rdm geneval_scorer --folder {input.folder} --metadata {input.metadata}"
        " --results {output.results} --params {params.values:q} 2>&1 | tee {log}"


rule geneval:
    input:
        results=R + "/geneval/{row}/{detector}.jsonl",
        metadata=ASKED,
        pools=lambda w: W.sets.trained_on(w.row),
    output:
        scores=R + "/geneval/{row}/{detector}.json",
    params:
        values=lambda w: W.pick({"samples": "evaluation.geneval.samples"}),
        code=fingerprint("geneval"),
    log:
        LOGS + "/geneval/scores-{row}-{detector}.log",
    benchmark:
        LOGS + "/geneval/scores-{row}-{detector}.tsv"
    shell:
        "rdm geneval --results {input.results} --metadata {input.metadata} --pools {input.pools}"
        " --scores {output.scores} --params {params.values:q} 2>&1 | tee {log}"


use rule prompt_preference as geneval_preference with:
    input:
        images=R + "/geneval/{row}/samples.h5",
        metadata=ASKED,
        weights=rules.preference_model.output.weights,
    output:
        scores=R + "/geneval/{row}/preference.h5",
    log:
        LOGS + "/geneval/preference-{row}.log",
    benchmark:
        LOGS + "/geneval/preference-{row}.tsv"


rule geneval_table:
    input:
        scores=expand(
            R + "/geneval/{row}/{detector}.json",
            row=table2_rows(),
            detector=GENEVAL.detectors if GENEVAL else [],
        ),
        pickscores=expand(
            R + "/geneval/{row}/preference.h5",
            row=table2_rows() if W.project.evaluation.preference else [],
        ),
    output:
        csv=R + "/tables/table2.csv",
        markdown=R + "/tables/table2.md",
        latex=R + "/tables/table2.tex",
    params:
        values=lambda w: W.pick(
            {
                "table": "report.table2",
                "detectors": "evaluation.geneval.detectors",
                "labels": W.labels(table2_rows()),
                "published": "report.published",
            },
            order=list(GENEVAL.detectors),
        ),
        code=fingerprint("geneval_table"),
    log:
        LOGS + "/geneval/table2.log",
    benchmark:
        LOGS + "/geneval/table2.tsv"
    shell:
        "rdm geneval_table --scores {input.scores} --pickscores {input.pickscores}"
        " --csv {output.csv} --markdown {output.markdown} --latex {output.latex}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule geneval_sheet:
    input:
        images=expand(R + "/geneval/{row}/samples.h5", row=table2_rows()),
        metadata=ASKED,
    output:
        picture=R + "/figures/table2.png",
    params:
        values=lambda w: W.pick(
            {"samples": "evaluation.geneval.samples"},
            labels=[W.project.report.labels[row] for row in table2_rows()],
        ),
        code=fingerprint("geneval_sheet"),
    log:
        LOGS + "/geneval/sheet.log",
    benchmark:
        LOGS + "/geneval/sheet.tsv"
    shell:
        "rdm geneval_sheet --images {input.images} --metadata {input.metadata}"
        " --picture {output.picture} --params {params.values:q} 2>&1 | tee {log}"


rule table2:
    input:
        declared("report.table2", *rules.geneval_table.output, rules.geneval_sheet.output.picture),


rule geneval_seeds:
    input:
        scores=lambda w: [
            f"{R}/geneval/{row}/{W.project.report.table2_seeds.detector}.json"
            for row in table2_seeds_rows()
        ],
    output:
        csv=R + "/tables/table2_seeds.csv",
        markdown=R + "/tables/table2_seeds.md",
        latex=R + "/tables/table2_seeds.tex",
    params:
        values=lambda w: W.pick(
            {"table": "report.table2_seeds", "detectors": "evaluation.geneval.detectors"},
            labels=list(W.project.report.table2_seeds.rows),
        ),
        code=fingerprint("geneval_seeds"),
    log:
        LOGS + "/geneval/table2_seeds.log",
    benchmark:
        LOGS + "/geneval/table2_seeds.tsv"
    shell:
        "rdm geneval_seeds --scores {input.scores} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} --params {params.values:q} 2>&1 | tee {log}"


rule table2_seeds:
    input:
        declared("report.table2_seeds", *rules.geneval_seeds.output),
