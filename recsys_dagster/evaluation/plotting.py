"""What all plots share: a figure with its margins, and as an image in Markdown.

Figures in words stand in the same modules as their plots, so matplotlib is loaded only to draw.
"""

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80
"""Enough for Dagster's panel; an image then stays well below 100 kB."""


def framed(
    width: float,
    height: float,
    *,
    left: float = 0.8,
    right: float = 0.2,
    bottom: float = 0.5,
    top: float = 0.1,
) -> "Figure":
    """A figure without axes yet, whose axes will keep so many inches from its edges.

    What stands there has a known size; to let matplotlib find it takes as long as all else.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    return figure


def markdown_image(figure: "Figure", alt: str) -> str:
    """Draw a figure as an image in Markdown, with what it shows in words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    figure.set_dpi(DPI)
    # `savefig` gives the same image, and draws everything once more before.
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib has no types for it
    canvas.print_png(buffer, pil_kwargs={"optimize": True})
    return f"![{alt}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
