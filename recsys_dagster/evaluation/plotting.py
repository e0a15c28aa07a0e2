"""What all plots share: a figure as an image in Markdown."""

import base64
import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 80
"""Enough for Dagster's panel; an image then stays well below 100 kB."""


def markdown_image(figure: Figure, alt: str) -> str:
    """Draw a figure as an image in Markdown, with what it shows in words."""
    buffer = io.BytesIO()
    figure.set_dpi(DPI)
    # `savefig` gives the same image, and draws everything once more before.
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib has no types for it
    canvas.print_png(buffer, pil_kwargs={"optimize": True})
    return f"![{alt}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
