"""Figures of experiments: scores over the batch size, scores by encoder (paper Figs. 4 and 5)."""

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean, stdev

from rdm_pipeline.reporting.figures import blank_figure, legend, png_bytes


def batch_axis(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    levels: Mapping[str, Mapping[str, float]],
) -> bytes:
    """Return a PNG of one plot per metric: mean and spread over seeds by batch size.

    `curves` maps a metric to values per seed by batch; `levels` to the lines that baselines are.
    """
    with blank_figure(520 * len(curves), 420) as figure:
        for axes, (metric, by_batch) in zip(
            figure.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True
        ):
            means = [fmean(values) for values in by_batch.values()]
            spreads = [stdev(values) if len(values) > 1 else 0 for values in by_batch.values()]
            axes.errorbar(list(by_batch), means, yerr=spreads, marker="o", capsize=3)
            for label, level in levels[metric].items():
                axes.axhline(level, color="grey", linestyle=":")
                axes.text(min(by_batch), level, label, color="grey", va="bottom", fontsize=8)
            lowest = min([*levels[metric].values(), *map(min, by_batch.values())])
            # an unbiased distance of real images may be negative
            scale = "log" if lowest > 0 else "linear"
            axes.set(xscale="log", xlabel="batch", ylabel=metric, yscale=scale)
            axes.set_xticks(list(by_batch), [str(batch) for batch in by_batch])
            axes.minorticks_off()
        figure.subplots_adjust(left=0.1, right=0.98, top=0.96, bottom=0.14, wspace=0.25)
        return png_bytes(figure)


def score_bars(
    rows: Mapping[str, Mapping[str, float]], own: str, held_out: Collection[str]
) -> bytes:
    """Return a PNG of ratios by encoder, a group of bars each, one bar per row.

    `own` names the encoder that was trained on, `held_out` those that no run trains on.
    """
    encoders = list(next(iter(rows.values())))
    with blank_figure(1100, 420) as figure:
        axes = figure.subplots()
        width = 0.8 / len(rows)
        for index, (label, ratios) in enumerate(rows.items()):
            places = [place + index * width for place in range(len(encoders))]
            axes.bar(places, [ratios[name] for name in encoders], width, label=label)
        names = [_bar_name(name, own, held_out) for name in encoders]
        centres = [place + 0.4 - width / 2 for place in range(len(encoders))]
        axes.set_xticks(centres, names, rotation=30, ha="right")
        axes.axhline(1, color="black", linestyle=":")
        axes.set(yscale="log", ylabel="SW ratio (1 is real)")
        legend(axes)
        figure.subplots_adjust(left=0.06, right=0.78, top=0.96, bottom=0.2)
        return png_bytes(figure)


def _bar_name(name: str, own: str, held_out: Collection[str]) -> str:
    return f"{name} (trained on)" if name == own else f"{name}†" if name in held_out else name
