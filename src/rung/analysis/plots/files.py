"""Figures to files: PNG, SVG and PDF through kaleido and a browser, HTML and JSON without."""

from pathlib import Path

import plotly.graph_objects as go

from rung.analysis.plots import style
from rung.analysis.plots.images import drawn
from rung.core.errors import MissingDependencyError, SpecError

IMAGES = (".png", ".svg", ".pdf")
SUFFIXES = (*IMAGES, ".html", ".json")


def to_file(
    figure: go.Figure,
    path: str | Path,
    *,
    width: int = 1000,
    height: int | None = None,
    theme: style.Theme = style.LIGHT,
) -> Path:
    """Write a figure to a file, in the format that its suffix names.

    Args:
        figure: What to write.
        path: With the suffix .png, .svg, .pdf, .html (one file that needs no network) or .json (for Plotly).
        width: Of an image, in pixels; a PNG has twice as many dots. HTML takes the width of its window.
        height: Of an image, in pixels; None: that of the figure.
        theme: Colours of text and paper; JSON has a transparent paper.

    Returns:
        The path.

    Raises:
        SpecError: If the suffix is another one.
        MissingDependencyError: If an image is asked for and kaleido or a browser for it is missing.
        ExecutorError: If the browser does not answer in time.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SpecError(
            f"a figure can be written to {', '.join(SUFFIXES)}, got {str(path)!r}. Change the suffix."
        )
    if suffix == ".json":
        path.write_text(figure.to_json(), encoding="utf-8")
    elif suffix == ".html":
        path.write_text(_page(style.themed(figure, theme), theme), encoding="utf-8")
    else:
        width = max(width, (figure.layout.meta or {}).get("min_width", 0))
        path.write_bytes(
            _image(style.themed(figure, theme), suffix[1:], width, height or figure.layout.height)
        )
    return path


def _page(figure: go.Figure, theme: style.Theme) -> str:
    page: str = figure.to_html(
        config=style.CONFIG, include_plotlyjs=True, default_height=f"{figure.layout.height}px"
    )
    width = (figure.layout.meta or {}).get("min_width", 0)
    look = f"<body style='margin:1rem;background:{theme.paper};min-width:{width}px'>"
    return page.replace("<body>", look, 1)


def _image(figure: go.Figure, kind: str, width: int, height: int | None) -> bytes:
    try:
        import kaleido  # noqa: F401  the other process needs it
    except ImportError:
        raise MissingDependencyError(
            f"writing {kind} needs kaleido, which is not installed. Run: pip install 'rung[images]'"
        ) from None
    options = {"format": kind, "width": width, "height": height, "scale": 2 if kind == "png" else 1}
    return drawn(figure.to_json(), options)
