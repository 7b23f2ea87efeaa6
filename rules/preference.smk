# Images scored by a model of human preference: those of classes, and win rates from them (paper Fig. 6);
# those of prompts, by lists: pickscore/LIST/ROW/samples.h5 holds `samples` images of each of its prompts.

OF_LIST = R + "/pickscore/{scored_list}/{generator}"


wildcard_constraints:
    scored_list=one_of(W.project.preference_lists),


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
        weights=declared("evaluation.preference.classes", rules.preference_model.output.weights),
    output:
        scores=R + "/preference/{generator}.h5",
    params:
        values=lambda w: W.pick(W.preferences.class_keys),
        code=fingerprint("preference"),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
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
        weights=declared("evaluation.preference.classes", rules.preference_model.output.weights),
    output:
        scores=R + "/preference/real.h5",
    log:
        LOGS + "/preference/real.log",
    benchmark:
        LOGS + "/preference/real.tsv"


rule win_rates:
    input:
        scores=W.preferences.scores_of_figure(),
    output:
        csv=R + "/tables/fig6.csv",
        markdown=R + "/tables/fig6.md",
        latex=R + "/tables/fig6.tex",
        picture=R + "/figures/fig6.png",
    params:
        values=lambda w: W.pick(
            {**W.preferences.figure_keys, "labels": W.labels(W.preferences.rows_of_figure)}
        ),
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


rule prompt_list:
    input:
        captions=lambda w: (
            [] if W.project.preference_lists[w.scored_list].prompts else W.sets.captions("val")
        ),
    output:
        prompts=R + "/captions/{scored_list}.jsonl",
    params:
        values=lambda w: W.pick(
            W.preferences.list_keys(w.scored_list, ["prompts", "count"]), name=w.scored_list
        ),
        code=fingerprint("prompt_list"),
        state=lambda w: state_of(W.project.preference_lists[w.scored_list].prompts),
    log:
        LOGS + "/pickscore/prompts-{scored_list}.log",
    benchmark:
        LOGS + "/pickscore/prompts-{scored_list}.tsv"
    shell:
        "rdm prompt_list --captions {input.captions} --prompts {output.prompts}"
        " --params {params.values:q} 2>&1 | tee {log}"


use rule geneval_samples as list_samples with:
    input:
        generator=lambda w: W.generator(w.generator),
        images=W.images(W.dataset, "val"),
        prompts=lambda w: W.sets.captions(w.scored_list),
        contexts=lambda w: W.contexts(w.scored_list),
    output:
        samples=OF_LIST + "/samples.h5",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.generator),
                **W.preferences.list_keys(w.scored_list, ["samples", "seed", "context_length"]),
                "threads": "threads",
            }
        ),
        code=fingerprint("sample_prompts"),
    log:
        LOGS + "/pickscore/samples-{scored_list}-{generator}.log",
    benchmark:
        LOGS + "/pickscore/samples-{scored_list}-{generator}.tsv"


rule prompt_preference:
    input:
        images=OF_LIST + "/samples.h5",
        metadata=lambda w: W.sets.captions(w.scored_list),
        weights=rules.preference_model.output.weights,
    output:
        scores=OF_LIST + "/preference.h5",
    params:
        values=lambda w: W.pick(W.preferences.model_keys),
        code=fingerprint("prompt_preference"),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/pickscore/scores-{scored_list}-{generator}.log",
    benchmark:
        LOGS + "/pickscore/scores-{scored_list}-{generator}.tsv"
    shell:
        "rdm prompt_preference --images {input.images} --metadata {input.metadata}"
        " --weights {input.weights} --scores {output.scores} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule pickscore_table:
    input:
        scores=W.preferences.scores_of_table(),
    output:
        csv=R + "/tables/pickscore.csv",
        markdown=R + "/tables/pickscore.md",
        latex=R + "/tables/pickscore.tex",
    params:
        values=lambda w: W.pick(
            {**W.preferences.table_keys, "labels": W.labels(W.preferences.rows_of_table)},
            order=list(W.project.preference_lists),
        ),
        code=fingerprint("pickscore_table"),
    log:
        LOGS + "/pickscore/table.log",
    benchmark:
        LOGS + "/pickscore/table.tsv"
    shell:
        "rdm pickscore_table --scores {input.scores} --csv {output.csv}"
        " --markdown {output.markdown} --latex {output.latex} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule pickscore:
    input:
        declared("report.pickscore", *rules.pickscore_table.output),
