# Captions, encoded once: contexts for generators that read prompts, codes for the joint law.


rule context:
    input:
        prompts=lambda w: W.sets.captions(w.split),
    output:
        contexts=R + "/contexts/{split}.h5",
    params:
        values=lambda w: W.pick(
            {
                "context": "prompts.context",
                "threads": "threads",
                **W.preferences.list_keys(w.split, ["context_length"]),
            }
        ),
        code=fingerprint("context"),
    wildcard_constraints:
        split=one_of(W.sets.prompt_lists),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/context/{split}.log",
    benchmark:
        LOGS + "/context/{split}.tsv"
    shell:
        "rdm context --prompts {input.prompts} --contexts {output.contexts}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule text:
    input:
        prompts=lambda w: W.sets.captions(w.split),
    output:
        texts=R + "/texts/{split}.h5",
    params:
        values=lambda w: W.pick({"text": "prompts.text", "threads": "threads"}),
        code=fingerprint("text"),
    wildcard_constraints:
        split=one_of(W.sets.prompt_lists),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/text/{split}.log",
    benchmark:
        LOGS + "/text/{split}.tsv"
    shell:
        "rdm text --prompts {input.prompts} --texts {output.texts}"
        " --params {params.values:q} 2>&1 | tee {log}"
