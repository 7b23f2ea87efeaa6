# One-step generators: what matching starts from, trained here or elsewhere, and the runs.


rule warm_start:
    input:
        images=W.images(W.dataset, "train"),
    output:
        generator=R + "/runs/{start}/generator.safetensors",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.start),
                "vae": f"warm_starts.{w.start}.vae",
                "seed": f"warm_starts.{w.start}.seed",
                "threads": f"warm_starts.{w.start}.threads",
            }
        ),
        code=fingerprint("warm_start"),
    wildcard_constraints:
        start=one_of(W.starts("vae_decoder")),
    threads: lambda w: W.project.warm_starts[w.start].threads
    log:
        LOGS + "/warm_start/{start}.log",
    benchmark:
        LOGS + "/warm_start/{start}.tsv"
    shell:
        "rdm warm_start --images {input.images} --generator {output.generator}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule teacher:
    input:
        images=W.images(W.dataset, "train"),
        contexts=W.contexts("train"),
    output:
        generator=R + "/runs/{start}/generator.safetensors",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.start),
                "teacher": f"warm_starts.{w.start}.teacher",
                "seed": f"warm_starts.{w.start}.seed",
                "threads": f"warm_starts.{w.start}.threads",
            }
        ),
        code=fingerprint("teacher"),
    wildcard_constraints:
        start=one_of(W.starts("flow_teacher")),
    threads: lambda w: W.project.warm_starts[w.start].threads
    resources:
        gres=W.gres(1),
    log:
        LOGS + "/teacher/{start}.log",
    benchmark:
        LOGS + "/teacher/{start}.tsv"
    shell:
        "rdm teacher --images {input.images} --contexts {input.contexts}"
        " --generator {output.generator} --params {params.values:q} 2>&1 | tee {log}"


# The checkpoint is no input: its hash is a parameter, and a plan needs no weights.
rule import_generator:
    input:
        images=W.images(W.dataset, "val"),
    output:
        generator=R + "/runs/{start}/generator.safetensors",
    params:
        values=lambda w: W.pick(
            {
                "generator": W.generator_key(w.start),
                "path": f"warm_starts.{w.start}.path",
                "sha256": f"warm_starts.{w.start}.sha256",
                "vae": f"warm_starts.{w.start}.vae",
            }
        ),
        code=fingerprint("import_generator"),
    wildcard_constraints:
        start=one_of(W.starts("checkpoint")),
    log:
        LOGS + "/import_generator/{start}.log",
    benchmark:
        LOGS + "/import_generator/{start}.tsv"
    shell:
        "rdm import_generator --images {input.images} --generator {output.generator}"
        " --params {params.values:q} 2>&1 | tee {log}"


rule train:
    input:
        generator=lambda w: W.generator(W.run(w.run).init),
        weights=lambda w: W.weights(W.project.battery(w.run)),
        references=lambda w: W.references(W.run(w.run).reference, W.project.battery(w.run)),
        floors=R + "/runs/{run}/floors.json",
        features=lambda w: W.real_features(w.run),
        train_images=lambda w: W.images_of_real_features(w.run),
        train_texts=lambda w: W.texts_of_real_features(w.run),
        contexts=lambda w: W.contexts(W.sets.pool(w.run)),
        texts=lambda w: W.texts(W.sets.pool(w.run)),
        images=W.images(W.dataset, "val"),
    output:
        trained=R + "/runs/{run}/generator.safetensors",
        history=R + "/runs/{run}/history.json",
        costs=R + "/runs/{run}/costs.json",
        snapshots=directory(R + "/runs/{run}/snapshots"),
    params:
        values=lambda w: W.pick(
            {
                "run": f"runs.{w.run}",
                "generator": W.generator_key(w.run),
                "networks": W.network_keys(W.project.battery(w.run)),
            },
            battery=W.project.battery(w.run),
        ),
        code=fingerprint("train"),
        monitor=LOGS + "/train/{run}",
    threads: lambda w: W.launch(w.run).ranks_per_node * W.launch(w.run).threads
    resources:
        nodes=lambda w: W.launch(w.run).nodes,
        tasks=lambda w: W.launch(w.run).nodes,  # one per node, of `threads` CPUs each
        tasks_per_gpu=0,
        gres=lambda w: W.gres(W.launch(w.run).ranks_per_node),
    log:
        LOGS + "/train/{run}.log",
    benchmark:
        LOGS + "/train/{run}.tsv"
    shell:
        "rdm train --generator {input.generator} --weights {input.weights}"
        " --references {input.references} --features {input.features}"
        " --train-images {input.train_images} --train-texts {input.train_texts}"
        " --contexts {input.contexts} --texts {input.texts} --floors {input.floors}"
        " --images {input.images} --trained {output.trained} --history {output.history}"
        " --costs {output.costs} --snapshots {output.snapshots}"
        " --monitor {params.monitor} --params {params.values:q} 2>&1 | tee {log}"


rule snapshot:
    input:
        snapshots=lambda w: f"{R}/runs/{W.project.snapshots[w.snapshot][0]}/snapshots",
    output:
        generator=R + "/runs/{snapshot}/generator.safetensors",
    params:
        values=lambda w: W.pick({}, step=W.project.snapshots[w.snapshot][1]),
        code=fingerprint("snapshot"),
    log:
        LOGS + "/snapshot/{snapshot}.log",
    benchmark:
        LOGS + "/snapshot/{snapshot}.tsv"
    shell:
        "rdm snapshot --snapshots {input.snapshots} --generator {output.generator}"
        " --params {params.values:q} 2>&1 | tee {log}"
