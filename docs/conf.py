"""How Sphinx builds the guide: `make docs`."""

import re

from sphinx.application import Sphinx

from rung.version import __version__

project = "rung"
author = "The rung authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "index"
html_theme = "furo"
html_title = f"rung {release}"
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 3
default_role = "code"  # docstrings write `names` as Markdown does
autodoc_mock_imports = [  # what the guide is built without
    "ConfigSpace",
    "keras",
    "lightgbm",
    "lightning",
    "mlflow",
    "pytorch_lightning",
    "shap",
    "tensorboard",
    "torch",
    "transformers",
    "wandb",
    "xgboost",
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_use_ivar = True
napoleon_custom_sections = [("Reference", "notes_style")]
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

_PAGE = re.compile(r"^\| \[[^]]+\]\(([\w-]+\.md)\)", re.MULTILINE)


def _with_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """The index is a plain table, for those who read it without a build; its pages become the site's contents."""
    if name == root_doc:
        pages = "\n".join(_PAGE.findall(source[0]))
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _with_contents)
