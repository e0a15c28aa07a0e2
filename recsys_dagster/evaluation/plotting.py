"""What all plots share: a figure, and as an image in Markdown.

Figures in words stand in the same modules as their plots, so matplotlib is loaded only to draw.
"""

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80
"""Enough for Dagster's panel; an image then stays well below 100 kB."""


def blank(width: float, height: float) -> "Figure":
    """A figure of so many inches, without axes yet; it makes room for what stands at its edges."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def markdown_image(figure: "Figure", alt: str) -> str:
    """Draw a figure as an image in Markdown, with what it shows in words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    figure.set_dpi(DPI)
    # `savefig` gives the same image, and draws everything once more before.
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib has no types for it
    canvas.print_png(buffer)
    return f"![{alt}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
