# Raw data -> images: uint8 arrays with labels and class names, one file per shard.

PICTURES = ("train", "val", "val_labels", "train_captions", "val_captions")  # files of the user's


def raw_state(wildcards):
    told = W.project.dataset.model_dump()
    return [told["kind"], state_of(*(told.get(key) for key in PICTURES))]


rule fetch:
    output:
        raw=directory(R + "/raw/{dataset}"),
    params:
        values=W.pick({"dataset": "dataset"}),
        code=fingerprint("fetch"),
        state=raw_state,
    log:
        LOGS + "/fetch/{dataset}.log",
    benchmark:
        LOGS + "/fetch/{dataset}.tsv"
    shell:
        "rdm fetch --raw {output.raw} --params {params.values:q} 2>&1 | tee {log}"


rule images:
    input:
        raw=R + "/raw/{dataset}",
    output:
        images=R + "/images/{dataset}/{split}/{shard}.h5",
    params:
        values=lambda w: W.pick({"dataset": "dataset"}, split=w.split, shard=int(w.shard)),
        code=fingerprint("images"),
    wildcard_constraints:
        split="train|val",
    log:
        LOGS + "/images/{dataset}-{split}-{shard}.log",
    benchmark:
        LOGS + "/images/{dataset}-{split}-{shard}.tsv"
    shell:
        "rdm images --raw {input.raw} --images {output.images} --params {params.values:q}"
        " 2>&1 | tee {log}"


rule gather_images:
    input:
        shards=lambda w: [
            f"{R}/images/{w.source}/{w.split}/{shard}.h5" for shard in W.shards(w.source, w.split)
        ],
    output:
        whole=R + "/images/{source}/{split}.h5",
    params:
        values=W.pick({}, kind="images"),
        code=fingerprint("gather"),
    log:
        LOGS + "/gather/images-{source}-{split}.log",
    benchmark:
        LOGS + "/gather/images-{source}-{split}.tsv"
    shell:
        "rdm gather --shards {input.shards} --whole {output.whole} --params {params.values:q}"
        " 2>&1 | tee {log}"


# Captions of images that come without are the user's: files in the same places.
if W.has_captions:

    rule captions:
        input:
            raw=f"{R}/raw/{W.dataset}",
        output:
            train=R + "/captions/train.jsonl",
            val=R + "/captions/val.jsonl",
        params:
            values=lambda w: W.pick({"dataset": "dataset"}),
            code=fingerprint("captions"),
        log:
            LOGS + "/captions/captions.log",
        benchmark:
            LOGS + "/captions/captions.tsv"
        shell:
            "rdm captions --raw {input.raw} --train {output.train} --val {output.val}"
            " --params {params.values:q} 2>&1 | tee {log}"
