# What references are made of beside the dataset's own pairs: renders of a warm start -> those that are
# worth learning from -> mixtures of sources; and the pools of prompts that runs draw from.
#
# renders/NAME/SHARD holds the images of some whole prompts, what was asked, and how they were judged:
# a killed job costs its shard. A mixture's shards are those of its sources in turn.

RENDERS = R + "/renders/{renders}/{shard}"


def of_renders(*keys):
    """Return a function of wildcards that picks values of renders by their own names."""
    return lambda w: W.pick({key: f"renders.{w.renders}.{key}" for key in keys})


def part(wildcards):
    return W.sets.parts(wildcards.mixture)[int(wildcards.shard)]


rule render:
    input:
        generator=lambda w: W.generator(W.project.renders[w.renders].generator),
        images=W.images(W.dataset, "val"),
        prompts=lambda w: W.sets.captions(W.project.renders[w.renders].prompts),
        contexts=lambda w: W.contexts(W.project.renders[w.renders].prompts),
    output:
        samples=RENDERS + "/samples.h5",
        metadata=RENDERS + "/prompts.jsonl",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(W.project.renders[w.renders].generator),
                "renders": f"renders.{w.renders}",
                "threads": "threads",
            },
            source=w.renders,
            shard=int(w.shard),
        ),
        code=fingerprint("render"),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/render/{renders}-{shard}.log",
    benchmark:
        LOGS + "/render/{renders}-{shard}.tsv"
    shell:
        "rdm render --generator {input.generator} --images {input.images}"
        " --prompts {input.prompts} --contexts {input.contexts} --samples {output.samples}"
        " --metadata {output.metadata} --params {params.values:q} 2>&1 | tee {log}"


use rule prompt_preference as render_preference with:
    input:
        images=RENDERS + "/samples.h5",
        metadata=RENDERS + "/prompts.jsonl",
        weights=rules.preference_model.output.weights,
    output:
        scores=RENDERS + "/preference.h5",
    log:
        LOGS + "/render/preference-{renders}-{shard}.log",
    benchmark:
        LOGS + "/render/preference-{renders}-{shard}.tsv"


use rule geneval_detect as render_detect with:
    input:
        images=RENDERS + "/samples.h5",
        metadata=RENDERS + "/prompts.jsonl",
    output:
        results=RENDERS + "/{detector}.jsonl",
    params:
        values=of_renders("samples"),
        code=fingerprint("geneval_detect"),
    log:
        LOGS + "/render/detect-{renders}-{shard}-{detector}.log",
    benchmark:
        LOGS + "/render/detect-{renders}-{shard}-{detector}.tsv"


use rule geneval_layout as render_layout with:
    input:
        images=RENDERS + "/samples.h5",
        metadata=RENDERS + "/prompts.jsonl",
    output:
        folder=directory(RENDERS + "/images"),
    params:
        values=of_renders("samples"),
        code=fingerprint("geneval_layout"),
    log:
        LOGS + "/render/layout-{renders}-{shard}.log",
    benchmark:
        LOGS + "/render/layout-{renders}-{shard}.tsv"


use rule geneval_scorer as render_scorer with:
    input:
        folder=RENDERS + "/images",
        metadata=RENDERS + "/prompts.jsonl",
    output:
        results=RENDERS + "/{detector}.jsonl",
    params:
        values=lambda w: W.pick(
            {
                "detector": f"evaluation.geneval.detectors.{w.detector}",
                "samples": f"renders.{w.renders}.samples",
            }
        ),
        code=fingerprint("geneval_scorer"),
    log:
        LOGS + "/render/scorer-{renders}-{shard}-{detector}.log",
    benchmark:
        LOGS + "/render/scorer-{renders}-{shard}-{detector}.tsv"


rule curate:
    input:
        metadata=RENDERS + "/prompts.jsonl",
        judgement=lambda w: W.sets.judgement(w.renders, w.shard),
    output:
        kept=RENDERS + "/kept.jsonl",
    params:
        values=lambda w: W.pick(
            {key: f"renders.{w.renders}.{key}" for key in ("samples", "keep")}, source=w.renders
        ),
        code=fingerprint("curate"),
    log:
        LOGS + "/curate/{renders}-{shard}.log",
    benchmark:
        LOGS + "/curate/{renders}-{shard}.tsv"
    shell:
        "rdm curate --metadata {input.metadata} --judgement {input.judgement}"
        " --kept {output.kept} --params {params.values:q} 2>&1 | tee {log}"


use rule curate as keep_dataset with:
    input:
        metadata=R + "/captions/train.jsonl",
        judgement=[],
    output:
        kept=R + "/kept/{dataset}.jsonl",
    params:
        values=lambda w: W.pick({}, source=w.dataset, samples=1),
        code=fingerprint("curate"),
    log:
        LOGS + "/curate/{dataset}.log",
    benchmark:
        LOGS + "/curate/{dataset}.tsv"


rule mix:
    input:
        images=lambda w: part(w).images,
        kept=lambda w: part(w).kept,
    output:
        mixed=R + "/images/{mixture}/train/{shard}.h5",
    params:
        values=lambda w: W.pick({"sources": f"mixtures.{w.mixture}"}),
        code=fingerprint("mix"),
    log:
        LOGS + "/mix/{mixture}-{shard}.log",
    benchmark:
        LOGS + "/mix/{mixture}-{shard}.tsv"
    shell:
        "rdm mix --images {input.images} --kept {input.kept} --mixed {output.mixed}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule mixture:
    input:
        kept=lambda w: [part.kept for part in W.sets.parts(w.mixture)],
    output:
        captions=R + "/captions/{mixture}.jsonl",
        manifest=R + "/mixtures/{mixture}.json",
    params:
        values=lambda w: W.pick({"sources": f"mixtures.{w.mixture}"}),
        code=fingerprint("mixture"),
    log:
        LOGS + "/mix/{mixture}.log",
    benchmark:
        LOGS + "/mix/{mixture}.tsv"
    shell:
        "rdm mixture --kept {input.kept} --captions {output.captions}"
        " --manifest {output.manifest} --params {params.values:q} 2>&1 | tee {log}"


rule pool:
    input:
        lists=lambda w: [W.sets.captions(name) for name in W.project.pools[w.pool]],
    output:
        captions=R + "/captions/{pool}.jsonl",
        manifest=R + "/pools/{pool}.json",
    params:
        values=lambda w: W.pick(
            {"repeats": f"pools.{w.pool}"}, lists=list(W.project.pools[w.pool])
        ),
        code=fingerprint("pool"),
    log:
        LOGS + "/pool/{pool}.log",
    benchmark:
        LOGS + "/pool/{pool}.tsv"
    shell:
        "rdm pool --lists {input.lists} --captions {output.captions}"
        " --manifest {output.manifest} --params {params.values:q} 2>&1 | tee {log}"
