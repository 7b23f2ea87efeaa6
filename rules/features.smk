# Features of every set of images (splits of the dataset, samples of a generator), by encoder.


rule features:
    input:
        images=R + "/images/{source}/{split}/{shard}.h5",
        weights=R + "/encoders/{encoder}.safetensors",
    output:
        features=R + "/features/{source}/{split}/{encoder}/{shard}.h5",
    params:
        values=lambda w: W.pick(
            {"network": W.network_key(w.encoder), "threads": "threads"}, encoder=w.encoder
        ),
        code=fingerprint("features"),
    threads: W.project.threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/features/{source}-{split}-{encoder}-{shard}.log",
    benchmark:
        LOGS + "/features/{source}-{split}-{encoder}-{shard}.tsv"
    shell:
        "rdm features --images {input.images} --weights {input.weights}"
        " --features {output.features} --params {params.values:q} 2>&1 | tee {log}"


rule gather_features:
    input:
        shards=lambda w: [
            f"{R}/features/{w.source}/{w.split}/{w.encoder}/{shard}.h5"
            for shard in W.shards(w.source, w.split)
        ],
    output:
        whole=R + "/features/{source}/{split}/{encoder}.h5",
    params:
        values=W.pick({}, kind="features"),
        code=fingerprint("gather"),
    log:
        LOGS + "/gather/features-{source}-{split}-{encoder}.log",
    benchmark:
        LOGS + "/gather/features-{source}-{split}-{encoder}.tsv"
    shell:
        "rdm gather --shards {input.shards} --whole {output.whole} --params {params.values:q}"
        " 2>&1 | tee {log}"
