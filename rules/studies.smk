# Experiments: families of runs that differ in one thing, scored and compared.


def printed(table):
    return [f"{R}/tables/{table}.{kind}" for kind in ("csv", "md", "tex")]


rule neutral:
    input:
        features=R + "/features/{generator}/" + SAMPLES + "/{encoder}.h5",
        train=R + f"/features/{W.dataset}/train/" + "{encoder}.h5",
    output:
        scores=R + "/neutral/{encoder}/{generator}.json",
    params:
        values=lambda w: W.neutral_values(w.encoder, "all"),
        code=fingerprint("neutral"),
    threads: W.project.threads
    log:
        LOGS + "/neutral/{encoder}-{generator}.log",
    benchmark:
        LOGS + "/neutral/{encoder}-{generator}.tsv"
    shell:
        "rdm neutral --features {input.features} --train {input.train}"
        " --scores {output.scores} --params {params.values:q} 2>&1 | tee {log}"


use rule neutral as neutral_of_real with:
    input:
        features=R + f"/features/{W.dataset}/val/" + "{encoder}.h5",
        train=R + f"/features/{W.dataset}/train/" + "{encoder}.h5",
    output:
        scores=R + "/neutral/{encoder}/real.json",
    params:
        values=lambda w: W.neutral_values(w.encoder, "real"),
        code=fingerprint("neutral"),
    log:
        LOGS + "/neutral/{encoder}-real.log",
    benchmark:
        LOGS + "/neutral/{encoder}-real.tsv"


rule comparison:
    input:
        scores=lambda w: W.compared_scores(w.comparison),
    output:
        csv=R + "/tables/{comparison}.csv",
        markdown=R + "/tables/{comparison}.md",
        latex=R + "/tables/{comparison}.tex",
    params:
        values=lambda w: W.comparison_values(w.comparison),
        code=fingerprint("comparison"),
    log:
        LOGS + "/comparison/{comparison}.log",
    benchmark:
        LOGS + "/comparison/{comparison}.tsv"
    shell:
        "rdm comparison --scores {input.scores} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} --params {params.values:q} 2>&1 | tee {log}"


rule axis:
    input:
        scores=lambda w: W.compared_scores("table6"),
    output:
        picture=R + "/figures/fig4.png",
    params:
        values=lambda w: W.comparison_values("table6"),
        code=fingerprint("axis"),
    log:
        LOGS + "/axis/fig4.log",
    benchmark:
        LOGS + "/axis/fig4.tsv"
    shell:
        "rdm axis --scores {input.scores} --picture {output.picture}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule alone:
    input:
        metrics=expand(R + "/metrics/{row}.json", row=[*W.alone_beside(), *W.alone_runs()]),
        histories=expand(R + "/runs/{run}/history.json", run=W.alone_runs()),
        floors=expand(R + "/runs/{run}/floors.json", run=W.alone_runs()),
    output:
        csv=R + "/tables/fig5.csv",
        markdown=R + "/tables/fig5.md",
        latex=R + "/tables/fig5.tex",
        picture=R + "/figures/fig5.png",
    params:
        values=lambda w: W.alone_values(),
        code=fingerprint("alone"),
    log:
        LOGS + "/alone/fig5.log",
    benchmark:
        LOGS + "/alone/fig5.tsv"
    shell:
        "rdm alone --metrics {input.metrics} --histories {input.histories}"
        " --floors {input.floors} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} --picture {output.picture} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule table3:
    input:
        declared("report.comparisons.table3", *printed("table3")),


rule table4:
    input:
        declared("report.comparisons.table4", *printed("table4")),


rule table6:
    input:
        declared("report.comparisons.table6", *printed("table6")),


rule beyond:
    input:
        declared("report.comparisons.beyond", *printed("beyond")),


rule fig4:
    input:
        declared("report.comparisons.table6", *printed("table6"), R + "/figures/fig4.png"),


rule fig5:
    input:
        declared(
            "report.fig5",
            *printed("fig5"),
            *[f"{R}/figures/{name}-{run}.png" for name in ("samples", "training") for run in W.alone_runs()],
        ),


rule ablations:
    input:
        rules.table3.input,
        rules.table4.input,
        rules.fig4.input,
        rules.fig5.input,
        rules.beyond.input,
