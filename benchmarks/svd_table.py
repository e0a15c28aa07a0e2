"""The figures of benchmarks/svd.py as medians of rounds, and as a table."""

from statistics import median

COLUMNS = {
    "kernel_mupdates": ("kernel M/s", 3),
    "whole_mupdates": ("whole M/s", 3),
    "kernel_s": ("kernel s", 2),
    "whole_s": ("whole s", 2),
    "peak_gb": ("peak GB", 2),
    "rmse": ("RMSE", 4),
    "times_kernel": ("x kernel", 1),
    "times_whole": ("x whole", 1),
}

Figures = dict[str, float]


def said(figures: Figures | str) -> str:
    """One run in a line, or why it was left out."""
    if isinstance(figures, str):
        return f"skipped, {figures}"
    return f"{figures['kernel_mupdates']:.2f} million updates a second, {figures['whole_s']:.1f} s"


def summarise(runs: list[Figures], ours: list[Figures]) -> Figures:
    """Medians of the rounds, and of the ratios to ours in the same round."""
    middle = {column: median(run[column] for run in runs) for column in runs[0]}
    pairs = list(zip(runs, ours, strict=False))
    for part in ("kernel", "whole"):
        name = f"{part}_mupdates"
        ratios = [mine[name] / theirs[name] for theirs, mine in pairs]
        middle[f"times_{part}"] = median(ratios) if ratios else float("nan")
    return middle


def print_table(title: str, figures: dict[str, Figures]) -> None:
    """Print the medians."""
    print(f"\n{title}\n\n{'':14}" + "".join(f"{head:>12}" for head, _ in COLUMNS.values()))
    for name, row in figures.items():
        cells = (f"{row[column]:12.{digits}f}" for column, (_, digits) in COLUMNS.items())
        print(f"{name:14}" + "".join(cells).replace("nan", "  -"))
