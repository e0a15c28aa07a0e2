"""Opening the images that the plots return."""

import base64
import io
import re

import matplotlib.image
import numpy as np
from numpy.typing import NDArray


def opened(markdown: str) -> tuple[str, NDArray[np.float32]]:
    """What an image says of itself, and its pixels; nothing of it may be cut off by its edges."""
    found = re.fullmatch(r"!\[([^\]]+)\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", markdown)
    assert found
    pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(found[2])), format="png")
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 1).all(), "something is cut off"  # white, whatever it is shown on
    return found[1], pixels


def shown(markdown: str) -> str:
    """What the image says, after a look at the image."""
    assert len(markdown) < 100_000
    said, pixels = opened(markdown)
    assert min(pixels.shape[:2]) > 150
    assert pixels.std() > 0.01
    return said
