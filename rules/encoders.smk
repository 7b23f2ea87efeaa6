# The panel: frozen weights, trained here or taken from a package, and a card for each encoder.


rule encoder:
    input:
        images=W.images(W.dataset, "train"),
    output:
        weights=R + "/encoders/{encoder}.safetensors",
    params:
        values=lambda w: W.pick(
            {
                "network": W.network_key(w.encoder),
                "pretraining": f"{W.encoder_key(w.encoder)}.pretraining",
                "threads": "threads",
            },
            encoder=w.encoder,
        ),
        code=fingerprint("encoder"),
    threads: W.project.threads
    log:
        LOGS + "/encoder/{encoder}.log",
    benchmark:
        LOGS + "/encoder/{encoder}.tsv"
    shell:
        "rdm encoder --images {input.images} --weights {output.weights}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule card:
    input:
        weights=R + "/encoders/{encoder}.safetensors",
        train=R + f"/features/{W.dataset}/train/" + "{encoder}.h5",
        val=R + f"/features/{W.dataset}/val/" + "{encoder}.h5",
        train_images=W.images(W.dataset, "train"),
        val_images=W.images(W.dataset, "val"),
    output:
        card=R + "/cards/{encoder}.json",
    params:
        values=lambda w: W.pick(
            {
                "role": f"{W.encoder_key(w.encoder)}.role",
                "paradigm": f"{W.encoder_key(w.encoder)}.paradigm",
                "network": W.network_key(w.encoder),
                "pretraining": f"{W.encoder_key(w.encoder)}.pretraining",
                "threads": "threads",
            },
            encoder=w.encoder,
        ),
        code=fingerprint("card"),
    threads: W.project.threads
    log:
        LOGS + "/card/{encoder}.log",
    benchmark:
        LOGS + "/card/{encoder}.tsv"
    shell:
        "rdm card --weights {input.weights} --train {input.train} --val {input.val}"
        " --train-images {input.train_images} --val-images {input.val_images}"
        " --card {output.card} --params {params.values:q} 2>&1 | tee {log}"


rule cards:
    input:
        expand(R + "/cards/{encoder}.json", encoder=W.panel),
