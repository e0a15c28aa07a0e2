"""How the site is built: `sphinx-build -Wqc docs . build/docs`, from the root of the repository.

The sources are the pages where they lie, so that a link from one to another is the same on a code
host and on the site.
"""

import pkgutil
import sys
from contextlib import suppress

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

project = "recsys-dagster"
author = "the authors of recsys-dagster"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "benchmarks/README.md", "data/README.md"]
exclude_patterns = [".*", "build", "dist", "node_modules", "recsys_dagster*", "streamlit_app"]
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|np|pl|pathlib|collections|polars|NDArray)\b.*"),
    (r"py:class", r"recsys_dagster\.(recommend\.packing\.Parts|storage\.releases\.Release)"),
]
highlight_language = "none"
default_role = "py:obj"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = False

html_theme = "furo"
html_title = "recsys-dagster"
html_show_sphinx = False
html_copy_source = False
html_extra_path = ["_root"]
html_theme_options = {"navigation_with_keys": True}


def _name_or_literal(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    """Link a name of ours, wherever it is documented, and take any other word for a literal.

    Names have a capital or a dot in them; one that the code does not have is a warning.
    """
    word = node["reftarget"]
    if node["reftype"] != "obj":
        return None
    found = env.get_domain("py").find_obj(env, None, None, word, None, 1)
    if found:
        target = found[0][1]
        return make_refnode(app.builder, node["refdoc"], target.docname, target.node_id, content)
    a_name = word != "None" and (word[:1].isupper() or "." in word)
    return content if not a_name or _is_there(word) else None


def _is_there(name: str) -> bool:
    """Whether a module of the recommender has the name, though it is not documented here."""
    for module in [one for one in sys.modules if one.startswith("recsys_dagster.recommend")]:
        with suppress(AttributeError, ValueError):
            pkgutil.resolve_name(f"{module}:{name}")
            return True
    return False


def setup(app: Sphinx) -> None:
    """Connect what is above."""
    app.connect("missing-reference", _name_or_literal)
