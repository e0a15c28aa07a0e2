"""The picture of the architecture: the assets above, who imports whom below."""

from html import escape
from itertools import pairwise

from recsys_dagster_tests.documentation.layers import Drawing, Spot, arrange
from recsys_dagster_tests.documentation.lineage import Asset, Graph, assets, reduced, rooms

_BOX, _HIGH, _STEP_X, _STEP_Y = 148, 26, 160, 43
_CELL, _NAMES = 18, 110
_MARGIN, _HEAD, _KEY, _GAP = 24, 96, 28, 16
Point = tuple[float, float]
_GROUPS = ("listening", "audio", "models", "quality", "release")
_STYLE = """
  svg { --ground: #fbfaf7; --line: #d9d5cb; --ink: #2b2a27; --soft: #6c6860; --mark: #41608f;
        --listening: #dbe7f6; --audio: #e3efd9; --models: #f6e6cf;
        --quality: #eadff2; --release: #f5dada; font-family: system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #1b1c1f; --line: #3a3c42; --ink: #e6e4df; --soft: #a09d96; --mark: #8fb4ea;
          --listening: #25384f; --audio: #2c4327; --models: #4d3a1d;
          --quality: #40304f; --release: #512e2e; }
  }
  text { fill: var(--ink); font-size: 12px; }
  .title { font-size: 16px; font-weight: 600; }
  .soft { fill: var(--soft); font-size: 11px; }
  .box { stroke: var(--soft); stroke-width: .8; }
  .files { stroke-dasharray: 4 3; }
  .arrow { fill: none; stroke: var(--soft); stroke-width: 1.3; marker-end: url(#head); }
  .grid { fill: none; stroke: var(--line); stroke-width: .6; }
  .self { fill: var(--line); }
""".strip("\n")


def picture() -> str:
    """The picture as SVG, in colours for light and for dark."""
    made, parents = assets()
    drawing = arrange([asset.name for asset in made], reduced(parents))
    known = rooms()
    side = _NAMES + len(known) * _CELL
    width = 2 * _MARGIN + max(drawing.columns * _STEP_X, side)
    below = _HEAD + drawing.rows * _STEP_Y + _GAP
    height = below + _HEAD - _KEY + side + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">The assets with what each is made of, and the rooms with who imports '
        "whom</title>",
        f"<style>\n{_STYLE}\n</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="var(--soft)"/></marker>'
        "</defs>",
        f'<rect width="{width}" height="{height}" rx="10" fill="var(--ground)"/>',
        *_draw_assets(made, drawing, width / 2),
        *_draw_rooms(known, below),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _draw_assets(made: list[Asset], drawing: Drawing, middle: float) -> list[str]:
    def point(spot: Spot) -> Point:
        row = spot[0]
        return middle + drawing.across[spot] * _STEP_X, _HEAD + row * _STEP_Y + _HIGH / 2

    return [
        *_heading(0, "The assets", "each is made of what is above it; dashed: files"),
        *_legend(),
        *(f'<path class="arrow" d="{_curve(list(map(point, one)))}"/>' for one in drawing.arrows),
        *(_box(asset, point(drawing.nodes[asset.name])) for asset in made),
    ]


def _legend() -> list[str]:
    return [
        f'<rect class="box" x="{_MARGIN + at * 88}" y="64" width="11" height="11" rx="3" '
        f'fill="var(--{group})"/><text class="soft" x="{_MARGIN + at * 88 + 16}" y="74">'
        f"{group}</text>"
        for at, group in enumerate(_GROUPS)
    ]


def _box(asset: Asset, middle: Point) -> str:
    x, y = middle
    files = "" if asset.made else " files"
    return (
        f'<rect class="box{files}" x="{x - _BOX / 2:g}" y="{y - _HIGH / 2:g}" width="{_BOX}" '
        f'height="{_HIGH}" rx="6" fill="var(--{asset.group})"/>'
        f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle">{escape(asset.name)}</text>'
    )


def _curve(points: list[Point]) -> str:
    """From the bottom of a box through the places between to the top of another."""
    (x, y), *between, (end_x, end_y) = points
    path = [(x, y + _HIGH / 2), *between, (end_x, end_y - _HIGH / 2)]
    steps = [f"M{x:g} {path[0][1]:g}"]
    for (x0, y0), (x1, y1) in pairwise(path):
        half = (y0 + y1) / 2
        steps.append(f"C{x0:g} {half:g} {x1:g} {half:g} {x1:g} {y1:g}")
    return "".join(steps)


def _draw_rooms(known: Graph, top: float) -> list[str]:
    names, side = list(known), len(known) * _CELL
    x0, y0 = _MARGIN + _NAMES, top + _HEAD - _KEY + _NAMES
    lines = "".join(
        f"M{x0:g} {y0 + at * _CELL:g}h{side}M{x0 + at * _CELL:g} {y0:g}v{side}"
        for at in range(len(names) + 1)
    )
    dots = [(row, column) for row, name in enumerate(names)
            for column, other in enumerate(names) if other in known[name]]  # fmt: skip
    return [
        *_heading(top, "The rooms", "a dot: the room of the row imports that of the column"),
        *(_name(name, x0, y0, at) for at, name in enumerate(names)),
        f'<path class="grid" d="{lines}"/>',
        *(_dot(names, x0, y0, *dot) for dot in dots),
    ]


def _name(name: str, x0: float, y0: float, at: int) -> str:
    """A room's name at its row and above its column, and the square where these meet."""
    x, y = x0 + at * _CELL, y0 + at * _CELL
    return (
        f'<text x="{x0 - 8:g}" y="{y + 13:g}" text-anchor="end">{escape(name)}</text>'
        f'<text transform="translate({x + 13:g} {y0 - 7:g}) rotate(-90)">{escape(name)}</text>'
        f'<rect class="self" x="{x:g}" y="{y:g}" width="{_CELL}" height="{_CELL}"/>'
    )


def _dot(names: list[str], x0: float, y0: float, row: int, column: int) -> str:
    x, y = x0 + (column + 0.5) * _CELL, y0 + (row + 0.5) * _CELL
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="4.5" fill="var(--mark)">'
        f"<title>{escape(names[row])} imports {escape(names[column])}</title></circle>"
    )


def _heading(top: float, title: str, words: str) -> list[str]:
    return [
        f'<text class="title" x="{_MARGIN}" y="{top + 36:g}">{title}</text>',
        f'<text class="soft" x="{_MARGIN}" y="{top + 54:g}">{words}</text>',
    ]
