"""`recsys evaluate`: how well each method ranks."""

from collections.abc import Mapping
from typing import Any

from recsys_dagster.commands import console
from recsys_dagster.commands.parts import AsJson, DataDir, chosen_settings, print_json, said
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release
from recsys_dagster.storage.serving import open_served


def evaluate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how well each method ranks, measured when the current release was made."""
    served = open_served(Layout(chosen_settings(data_dir).data_dir), Release.evaluation)
    release, (figures, warning) = served.release, said(served)
    if as_json:
        print_json({"release": release.id, **figures, **warning})
        return
    _show_methods(figures)
    _show_tasks(figures)
    _show_protocol(figures["protocol"], release)


def _show_methods(figures: Mapping[str, Any]) -> None:
    from recsys_dagster.evaluation.report import COLUMNS, by_ndcg, interval_lines, shown, title

    methods = figures["methods"]
    rows = [[name, *(shown(methods[name][column]) for column in COLUMNS)]
            for name in by_ndcg(methods)]  # fmt: skip
    heads = [("method", False), *((title(one).replace("@", "\n@"), True) for one in COLUMNS)]
    console.out.print(console.table(heads, rows))
    console.out.print("", *interval_lines(figures), sep="\n", markup=False)


def _show_tasks(figures: Mapping[str, Any]) -> None:
    from recsys_dagster.evaluation.report import task_lines, task_rows

    if tasks := task_rows(figures):
        heads, *by_method = tasks
        columns = [(head.replace(" ", "\n"), place > 0) for place, head in enumerate(heads)]
        console.out.print("\nNDCG@10 by task:")
        console.out.print(console.table(columns, by_method))
        console.out.print("", *task_lines(figures), sep="\n", markup=False)


def _show_protocol(protocol: Mapping[str, Any], release: Release) -> None:
    from recsys_dagster.evaluation.gate import of_listeners
    from recsys_dagster.evaluation.protocol import FEW_LISTENERS, age_in_words

    console.out.print(f"\n{protocol['description']}", markup=False)
    console.out.print(f"Measured on {of_listeners(protocol['listeners'])}, release {release.id}.")
    if since := age_in_words(release.manifest["figures"]):
        console.out.print(since)
    if protocol["listeners"] < FEW_LISTENERS:
        console.out.print("With so few listeners the figures swing widely: trust them little.")
