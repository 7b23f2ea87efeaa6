# Studies in low dimension, without data or weights: six discrepancies on a spiral.

SPIRAL = R + "/spiral/{discrepancy}/{batch}/{seed}"
SPIRAL_DATA = {"data": "spiral.data", "scoring": "spiral.scoring"}


rule spiral:
    output:
        scores=SPIRAL + ".json",
        samples=SPIRAL + ".h5",
    params:
        values=lambda w: W.pick(
            {
                **SPIRAL_DATA,
                "training": "spiral.training",
                "estimators": "spiral.estimators",
                "threads": "threads",
            },
            discrepancy=w.discrepancy,
            batch=int(w.batch),
            seed=int(w.seed),
        ),
        code=fingerprint("spiral"),
    threads: W.project.threads
    log:
        LOGS + "/spiral/{discrepancy}-{batch}-{seed}.log",
    benchmark:
        LOGS + "/spiral/{discrepancy}-{batch}-{seed}.tsv"
    shell:
        "rdm spiral --scores {output.scores} --samples {output.samples}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule spiral_table:
    input:
        scores=W.spiral_grid(".json"),
    output:
        csv=R + "/tables/fig3.csv",
        markdown=R + "/tables/fig3.md",
        latex=R + "/tables/fig3.tex",
    params:
        values=W.pick(
            {**SPIRAL_DATA, "tolerance": "spiral.tolerance"},
            title="Fig. 3: six discrepancies on a spiral",
        ),
        code=fingerprint("spiral_table"),
    log:
        LOGS + "/spiral_table/fig3.log",
    benchmark:
        LOGS + "/spiral_table/fig3.tsv"
    shell:
        "rdm spiral_table --scores {input.scores} --csv {output.csv}"
        " --markdown {output.markdown} --latex {output.latex} --params {params.values:q}"
        " 2>&1 | tee {log}"


use rule spiral_table as spiral_batch_table with:
    input:
        scores=W.spiral_batches(".json"),
    output:
        csv=R + "/tables/fig4_spiral.csv",
        markdown=R + "/tables/fig4_spiral.md",
        latex=R + "/tables/fig4_spiral.tex",
    params:
        values=W.pick(
            {**SPIRAL_DATA, "tolerance": "spiral.tolerance"},
            title="Fig. 4 in low dimension: the batch axis on a spiral",
        ),
        code=fingerprint("spiral_table"),
    log:
        LOGS + "/spiral_table/fig4_spiral.log",
    benchmark:
        LOGS + "/spiral_table/fig4_spiral.tsv"


rule spiral_figure:
    input:
        scores=W.spiral_grid(".json"),
        samples=W.spiral_grid(".h5"),
    output:
        picture=R + "/figures/fig3.png",
    params:
        values=W.pick(SPIRAL_DATA),
        code=fingerprint("spiral_figure"),
    log:
        LOGS + "/spiral_figure/fig3.log",
    benchmark:
        LOGS + "/spiral_figure/fig3.tsv"
    shell:
        "rdm spiral_figure --scores {input.scores} --samples {input.samples}"
        " --picture {output.picture} --params {params.values:q} 2>&1 | tee {log}"


rule spiral_batches:
    input:
        scores=W.spiral_batches(".json"),
    output:
        picture=R + "/figures/fig4_spiral.png",
    params:
        values=W.pick(SPIRAL_DATA),
        code=fingerprint("spiral_batches"),
    log:
        LOGS + "/spiral_batches/fig4_spiral.log",
    benchmark:
        LOGS + "/spiral_batches/fig4_spiral.tsv"
    shell:
        "rdm spiral_batches --scores {input.scores} --picture {output.picture}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule table4_spiral:
    input:
        scores=W.spiral_grid(".json"),
    output:
        csv=R + "/tables/table4_spiral.csv",
        markdown=R + "/tables/table4_spiral.md",
        latex=R + "/tables/table4_spiral.tex",
    params:
        values=W.pick({}, title="Table 4 in low dimension: discrepancies by medDist on a spiral"),
        code=fingerprint("spiral_ranking"),
    log:
        LOGS + "/spiral_ranking/table4_spiral.log",
    benchmark:
        LOGS + "/spiral_ranking/table4_spiral.tsv"
    shell:
        "rdm spiral_ranking --scores {input.scores} --csv {output.csv}"
        " --markdown {output.markdown} --latex {output.latex} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule fig3:
    input:
        rules.spiral_figure.output,
        rules.spiral_table.output,


rule fig4_spiral:
    input:
        rules.spiral_batches.output,
        rules.spiral_batch_table.output,


rule studies:
    input:
        rules.fig3.input,
        rules.fig4_spiral.input,
        rules.table4_spiral.output,
