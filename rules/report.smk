# Tables and pictures: the last files of the chain.


def table_rows(name):
    return getattr(W.project.report, name).rows


def table_values(name, metric):
    return W.pick(
        {
            "rows": f"report.{name}.rows",
            "labels": W.labels(table_rows(name)),
            "paper_only": f"report.{name}.paper_only",
            "published": "report.published",
        },
        table=name,
        metric=metric,
        held_out=W.held_out,
        panel=W.panel,
    )


rule table1:
    input:
        metrics=expand(R + "/metrics/{row}.json", row=table_rows("table1")),
        accuracies=W.judgements(table_rows("table1")),
    output:
        csv=R + "/tables/table1.csv",
        markdown=R + "/tables/table1.md",
        latex=R + "/tables/table1.tex",
    params:
        values=table_values("table1", "sw"),
        code=fingerprint("table"),
    log:
        LOGS + "/table/table1.log",
    benchmark:
        LOGS + "/table/table1.tsv"
    shell:
        "rdm table --metrics {input.metrics} --accuracies {input.accuracies} --csv {output.csv}"
        " --markdown {output.markdown} --latex {output.latex} --params {params.values:q}"
        " 2>&1 | tee {log}"


use rule table1 as table7 with:
    input:
        metrics=expand(R + "/metrics/{row}.json", row=table_rows("table7")),
        accuracies=W.judgements(table_rows("table7")),
    output:
        csv=R + "/tables/table7.csv",
        markdown=R + "/tables/table7.md",
        latex=R + "/tables/table7.tex",
    params:
        values=table_values("table7", "mmd"),
        code=fingerprint("table"),
    log:
        LOGS + "/table/table7.log",
    benchmark:
        LOGS + "/table/table7.tsv"


rule grid:
    input:
        images=lambda w: W.images(w.generator, SAMPLES),
    output:
        picture=R + "/figures/samples-{generator}.png",
    params:
        values=lambda w: W.grid_values(w.generator),
        code=fingerprint("grid"),
    log:
        LOGS + "/grid/{generator}.log",
    benchmark:
        LOGS + "/grid/{generator}.tsv"
    shell:
        "rdm grid --images {input.images} --picture {output.picture}"
        " --params {params.values:q} 2>&1 | tee {log}"


use rule grid as grid_of_real with:
    input:
        images=W.images(W.dataset, "val"),
    output:
        picture=R + "/figures/samples-real.png",
    params:
        values=W.grid_values("real"),
        code=fingerprint("grid"),
    log:
        LOGS + "/grid/real.log",
    benchmark:
        LOGS + "/grid/real.tsv"


rule grids:
    input:
        expand(R + "/figures/samples-{row}.png", row=["real", *W.reported]),


rule curve:
    input:
        history=R + "/runs/{run}/history.json",
        floors=R + "/runs/{run}/floors.json",
    output:
        picture=R + "/figures/training-{run}.png",
    params:
        values=W.pick({}),
        code=fingerprint("curves"),
    log:
        LOGS + "/curves/{run}.log",
    benchmark:
        LOGS + "/curves/{run}.tsv"
    shell:
        "rdm curves --history {input.history} --floors {input.floors} --picture {output.picture}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule curves:
    input:
        expand(R + "/figures/training-{run}.png", run=W.project.own_runs),


rule costs:
    input:
        metrics=W.cost_metrics(),
        costs=[f"{R}/runs/{run}/costs.json" for run in W.cost_runs()],
    output:
        csv=R + "/tables/fig1.csv",
        markdown=R + "/tables/fig1.md",
        latex=R + "/tables/fig1.tex",
        picture=R + "/figures/fig1.png",
    params:
        values=lambda w: W.costs_values(),
        code=fingerprint("costs"),
    log:
        LOGS + "/costs/fig1.log",
    benchmark:
        LOGS + "/costs/fig1.tsv"
    shell:
        "rdm costs --metrics {input.metrics} --costs {input.costs} --csv {output.csv}"
        " --markdown {output.markdown} --latex {output.latex} --picture {output.picture}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule fig1:
    input:
        declared("report.fig1", *rules.costs.output),


def what_site_reads(wildcards):
    from rdm_pipeline.lineage.accepted import acceptances
    from rdm_pipeline.reporting.site.render import templates_hash

    return site_values(W, acceptances(), templates_hash())


# No stage of DVC: the pages tell when and where each artifact was made, which no cache can know.
rule report:
    input:
        tables=site_tables(W),
        figures=site_figures(W),
        histories=site_runs(W, "history.json"),
        floors=site_runs(W, "floors.json"),
        cards=expand(R + "/cards/{encoder}.json", encoder=W.panel),
    output:
        site=directory(R + "/report"),
    params:
        values=what_site_reads,
        code=fingerprint("site"),
    log:
        LOGS + "/site/report.log",
    benchmark:
        LOGS + "/site/report.tsv"
    shell:
        "rdm site --tables {input.tables} --figures {input.figures}"
        " --histories {input.histories} --floors {input.floors} --cards {input.cards}"
        " --site {output.site} --params {params.values:q} 2>&1 | tee {log}"
