# The paper as a graph. Each rule is one `rdm` verb on explicit files with explicit parameters;
# the targets carry the paper's names: table1 (SW_r14), table7 (MMDr14); grids, cards, main, all;
# outside of all: fig1 (scores over device-hours), table3, table4, table6, fig4, fig5, beyond
# (experiments on images: ablations), fig6 and pickscore (preference, where a profile declares its
# model), table2 and table2_seeds (GenEval, where it declares detectors), fig3, fig4_spiral, table4_spiral (the
# spiral, without data: studies), and report (all of it as pages for a browser).
# Other parameters than params.yaml's: snakemake --config profile=smoke

include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/encoders.smk"
include: "rules/features.smk"
include: "rules/text.smk"
include: "rules/reference.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/studies.smk"
include: "rules/preference.smk"
include: "rules/geneval.smk"
include: "rules/pairs.smk"
include: "rules/spiral.smk"


# Seconds of printing and drawing: on a cluster no jobs of their own.
localrules:
    table1,
    table7,
    geneval_table,
    geneval_seeds,
    geneval_sheet,
    pickscore_table,
    grid,
    grid_of_real,
    curve,
    costs,
    comparison,
    axis,
    alone,
    spiral_table,
    spiral_batch_table,
    spiral_figure,
    spiral_batches,
    table4_spiral,
    report,


rule main:
    input:
        rules.table1.output,
        rules.table7.output,
        rules.grids.input,
        rules.curves.input,


rule all:
    default_target: True
    input:
        rules.main.input,
        rules.cards.input,
