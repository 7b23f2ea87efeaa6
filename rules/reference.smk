# Frozen references that runs train against, and frozen banks that every generator is scored by.


rule reference:
    input:
        features=lambda w: W.features(W.sets.of_reference(w.reference), "train", [w.encoder]),
        images=lambda w: W.images(W.sets.of_reference(w.reference), "train"),
        texts=lambda w: W.texts(W.sets.captions_of(W.sets.of_reference(w.reference))),
        mixture=lambda w: W.sets.manifest(w.reference),
    output:
        reference=R + "/references/{reference}/{encoder}.h5",
    params:
        values=lambda w: W.pick(
            {"reference": f"references.{w.reference}", "threads": "threads"}, encoder=w.encoder
        ),
        code=fingerprint("reference"),
    threads: W.project.threads
    log:
        LOGS + "/reference/{reference}-{encoder}.log",
    benchmark:
        LOGS + "/reference/{reference}-{encoder}.tsv"
    shell:
        "rdm reference --features {input.features} --images {input.images} --texts {input.texts}"
        " --mixture {input.mixture} --reference {output.reference} --params {params.values:q} 2>&1 | tee {log}"


rule floors:
    input:
        references=lambda w: W.references(W.run(w.run).reference, W.project.battery(w.run)),
        features=lambda w: W.features(W.dataset, "val", W.project.battery(w.run)),
        images=W.images(W.dataset, "val"),
        train=lambda w: W.real_features(w.run),
        train_images=lambda w: W.images_of_real_features(w.run),
        texts=W.texts("val"),
        train_texts=lambda w: W.texts_of_real_features(w.run),
    output:
        floors=R + "/runs/{run}/floors.json",
    params:
        values=lambda w: W.pick(
            {
                "batch": f"runs.{w.run}.batch",
                "discrepancy": f"runs.{w.run}.discrepancy",
                "labels": f"runs.{w.run}.labels",
                "draws": f"runs.{w.run}.controller.floor_draws",
                "seed": f"runs.{w.run}.controller.floor_seed",
                "threads": "threads",
            },
            battery=W.project.battery(w.run),
        ),
        code=fingerprint("floors"),
    threads: W.project.threads
    log:
        LOGS + "/floors/{run}.log",
    benchmark:
        LOGS + "/floors/{run}.tsv"
    shell:
        "rdm floors --references {input.references} --features {input.features}"
        " --images {input.images} --train {input.train} --train-images {input.train_images}"
        " --texts {input.texts} --train-texts {input.train_texts}"
        " --floors {output.floors} --params {params.values:q} 2>&1 | tee {log}"


rule bank:
    input:
        train=R + f"/features/{W.dataset}/train/" + "{encoder}.h5",
        val=R + f"/features/{W.dataset}/val/" + "{encoder}.h5",
    output:
        bank=R + "/banks/{encoder}.h5",
    params:
        values=lambda w: W.pick(
            {"bank": "evaluation.bank", "threads": "threads"}, encoder=w.encoder
        ),
        code=fingerprint("bank"),
    threads: W.project.threads
    log:
        LOGS + "/bank/{encoder}.log",
    benchmark:
        LOGS + "/bank/{encoder}.tsv"
    shell:
        "rdm bank --train {input.train} --val {input.val} --bank {output.bank}"
        " --params {params.values:q} 2>&1 | tee {log}"
