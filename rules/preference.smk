# Images scored by a model of human preference, and win rates from them (paper Fig. 6).


rule preference_model:
    output:
        weights=R + "/preference/model.safetensors",
    params:
        values=lambda w: W.pick({"model": "evaluation.preference.model"}),
        code=fingerprint("preference_model"),
    log:
        LOGS + "/preference_model/model.log",
    benchmark:
        LOGS + "/preference_model/model.tsv"
    shell:
        "rdm preference_model --weights {output.weights} --params {params.values:q} 2>&1 | tee {log}"


rule preference:
    input:
        images=lambda w: W.images(w.generator, SAMPLES),
        weights=rules.preference_model.output.weights,
    output:
        scores=R + "/preference/{generator}.h5",
    params:
        values=lambda w: W.preference_values(),
        code=fingerprint("preference"),
    threads: W.project.threads
    log:
        LOGS + "/preference/{generator}.log",
    benchmark:
        LOGS + "/preference/{generator}.tsv"
    shell:
        "rdm preference --images {input.images} --weights {input.weights}"
        " --scores {output.scores} --params {params.values:q} 2>&1 | tee {log}"


use rule preference as preference_of_real with:
    input:
        images=W.images(W.dataset, "val"),
        weights=rules.preference_model.output.weights,
    output:
        scores=R + "/preference/real.h5",
    log:
        LOGS + "/preference/real.log",
    benchmark:
        LOGS + "/preference/real.tsv"


rule win_rates:
    input:
        scores=W.preferences(),
    output:
        csv=R + "/tables/fig6.csv",
        markdown=R + "/tables/fig6.md",
        latex=R + "/tables/fig6.tex",
        picture=R + "/figures/fig6.png",
    params:
        values=lambda w: W.win_rates_values(),
        code=fingerprint("win_rates"),
    log:
        LOGS + "/win_rates/fig6.log",
    benchmark:
        LOGS + "/win_rates/fig6.tsv"
    shell:
        "rdm win_rates --scores {input.scores} --csv {output.csv} --markdown {output.markdown}"
        " --latex {output.latex} --picture {output.picture} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule fig6:
    input:
        declared("report.fig6", *rules.win_rates.output),
