# Samples of a generator -> features by the whole panel -> SW and MMD ratios, and the judge's view.


rule sample:
    input:
        generator=lambda w: W.generator(w.generator),
        images=W.images(W.dataset, "val"),
        contexts=W.contexts("val"),
    output:
        samples=R + "/images/{generator}/" + SAMPLES + "/{shard}.h5",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.generator),
                "samples": "evaluation.bank.samples",
                "rff_rows": "evaluation.bank.rff_rows",
                "sampling": "evaluation.sampling",
                "threads": "threads",
            },
            shard=int(w.shard),
        ),
        code=fingerprint("sample"),
    wildcard_constraints:
        generator=one_of(W.sampled),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/sample/{generator}-{shard}.log",
    benchmark:
        LOGS + "/sample/{generator}-{shard}.tsv"
    shell:
        "rdm sample --generator {input.generator} --images {input.images}"
        " --contexts {input.contexts}"
        " --samples {output.samples} --params {params.values:q} 2>&1 | tee {log}"


rule geneval_samples:
    input:
        generator=lambda w: W.generator(w.generator),
        images=W.images(W.dataset, "val"),
        prompts=W.sets.captions(GENEVAL_PROMPTS),
        contexts=W.contexts(GENEVAL_PROMPTS),
    output:
        samples=R + "/geneval/{generator}/samples.h5",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.generator),
                "samples": "evaluation.geneval.samples",
                "seed": "evaluation.geneval.seed",
                "threads": "threads",
            }
        ),
        code=fingerprint("sample_prompts"),
    wildcard_constraints:
        generator=one_of(W.sampled),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/sample_prompts/{generator}.log",
    benchmark:
        LOGS + "/sample_prompts/{generator}.tsv"
    shell:
        "rdm sample_prompts --generator {input.generator} --images {input.images}"
        " --prompts {input.prompts} --contexts {input.contexts} --samples {output.samples}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule import_samples:
    input:
        images=W.images(W.dataset, "val"),
    output:
        samples=R + "/images/{generator}/" + SAMPLES + "/{shard}.h5",
    params:
        values=lambda w: W.pick(
            {
                "path": f"samples.{w.generator}.path",
                "samples": "evaluation.bank.samples",
                "rff_rows": "evaluation.bank.rff_rows",
                "sampling": "evaluation.sampling",
            },
            shard=int(w.shard),
        ),
        code=fingerprint("import_samples"),
        state=lambda w: state_of(W.project.samples[w.generator].path),
    wildcard_constraints:
        generator=one_of(W.project.samples),
    log:
        LOGS + "/import_samples/{generator}-{shard}.log",
    benchmark:
        LOGS + "/import_samples/{generator}-{shard}.tsv"
    shell:
        "rdm import_samples --images {input.images} --samples {output.samples}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule metrics:
    input:
        features=lambda w: W.features(w.generator, SAMPLES, W.panel),
        banks=W.banks(),
    output:
        metrics=R + "/metrics/{generator}.json",
    params:
        values=W.pick({"threads": "threads"}, panel=W.panel, rows="all"),
        code=fingerprint("metrics"),
    threads: W.project.threads
    log:
        LOGS + "/metrics/{generator}.log",
    benchmark:
        LOGS + "/metrics/{generator}.tsv"
    shell:
        "rdm metrics --features {input.features} --banks {input.banks}"
        " --metrics {output.metrics} --params {params.values:q} 2>&1 | tee {log}"


use rule metrics as metrics_of_real with:
    input:
        features=W.features(W.dataset, "val", W.panel),
        banks=W.banks(),
    output:
        metrics=R + "/metrics/real.json",
    params:
        values=W.pick({"threads": "threads"}, panel=W.panel, rows="real"),
        code=fingerprint("metrics"),
    log:
        LOGS + "/metrics/real.log",
    benchmark:
        LOGS + "/metrics/real.tsv"


rule judge:
    input:
        train=W.features(W.dataset, "train", [JUDGE]),
        train_images=W.images(W.dataset, "train"),
        features=lambda w: W.features(w.generator, SAMPLES, [JUDGE]),
        images=lambda w: W.images(w.generator, SAMPLES),
    output:
        accuracy=R + "/judge/{generator}.json",
    params:
        values=W.pick({"threads": "threads"}),
        code=fingerprint("judge"),
    threads: W.project.threads
    log:
        LOGS + "/judge/{generator}.log",
    benchmark:
        LOGS + "/judge/{generator}.tsv"
    shell:
        "rdm judge --train {input.train} --train-images {input.train_images}"
        " --features {input.features} --images {input.images} --accuracy {output.accuracy}"
        " --params {params.values:q} 2>&1 | tee {log}"


use rule judge as judge_of_real with:
    input:
        train=W.features(W.dataset, "train", [JUDGE]),
        train_images=W.images(W.dataset, "train"),
        features=W.features(W.dataset, "val", [JUDGE]),
        images=W.images(W.dataset, "val"),
    output:
        accuracy=R + "/judge/real.json",
    log:
        LOGS + "/judge/real.log",
    benchmark:
        LOGS + "/judge/real.tsv"
