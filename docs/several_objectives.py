"""Draws docs/several-objectives.png: python docs/several_objectives.py OUT.png."""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import rung
from rung.models.gp import fit
from rung.models.hypervolume import HypervolumeImprovement, boxes, reference_of
from rung.models.kernels import Dimension, Floats, Stationary
from rung.models.pareto import compromise, knee, non_dominated

BLUE, ROSE, GREEN, GRAY = "#0a7cc2", "#c44e9b", "#009e73", "#8c8c8c"
FILL = ("rgba(10,124,194,0.22)", "rgba(10,124,194,0.42)")
SPACE = rung.Space(width=rung.Int(8, 512, log=True), lr=rung.Float(1e-4, 1e-1, log=True))
TRIALS, FIRST = 24, 7


def losses(width: float, lr: float) -> tuple[float, float]:
    """Error and latency, in place of a network."""
    return 0.1 + 0.8 / width**0.5 + 0.03 * np.log10(lr / 0.01) ** 2, width / 1000


def searched() -> tuple[Floats, Floats]:
    """The points and losses of a study with `rung.GP`."""
    study = rung.Study("figure", SPACE, minimize=["error", "latency"], searcher=rung.GP(), store=None)

    def train(trial: rung.Trial) -> None:
        error, latency = losses(**trial.config)  # type: ignore[arg-type]  # numbers
        trial.report(error=error, latency=latency)

    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=TRIALS))
    return SPACE.encode([trial.config for trial in study.trials]), study.history.losses


def believed(X: Floats, Y: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the next trial gains the most, after the first ones, and what is expected there."""
    shift, scale = Y.mean(axis=0), Y.std(axis=0)
    kernel = Stationary((Dimension(), Dimension()))
    models = [fit(X, column, kernel) for column in ((Y - shift) / scale).T]
    A = np.random.default_rng(0).random((4000, 2))
    mean, std = (np.stack(part, axis=1) for part in zip(*(model.predict(A) for model in models), strict=True))
    front = (Y - shift)[non_dominated(Y)] / scale
    best = HypervolumeImprovement.on(front, reference_of(front)).values(mean, std).argmax()
    return mean[best] * scale + shift, std[best] * scale, reference_of(front) * scale + shift


def add_belief(figure: go.Figure, X: Floats, Y: Floats) -> None:
    """Left: the boxes, and the next trial as it is believed."""
    mean, std, reference = believed(X, Y)
    low, high = boxes(Y[non_dominated(Y)], reference)
    for number, (a, b) in enumerate(zip(np.maximum(low, -1.0), high, strict=True)):
        figure.add_shape(
            type="rect", x0=a[0], y0=a[1], x1=b[0], y1=b[1], line_width=0, fillcolor=FILL[number % 2],
            layer="below", row=1, col=1,
        )  # fmt: skip
    turn = np.linspace(0, 2 * np.pi, 80)
    for radius in (1, 2):
        x, y = mean[:, None] + radius * std[:, None] * np.stack([np.cos(turn), np.sin(turn)])
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": ROSE, "width": 1.5, "dash": "solid" if radius == 1 else "dot"},
            showlegend=False, row=1, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=mean[:1], y=mean[1:], mode="markers", marker={"color": ROSE, "size": 9, "symbol": "x"},
        name="the next trial, as it is expected", row=1, col=1,
    )  # fmt: skip
    _add_front(figure, Y, 1)
    figure.add_scatter(
        x=reference[:1], y=reference[1:], mode="markers+text", text=["reference"], textposition="bottom left",
        marker={"color": GRAY, "symbol": "cross-thin", "size": 12, "line": {"width": 2, "color": GRAY}},
        showlegend=False, row=1, col=1,
    )  # fmt: skip
    figure.update_xaxes(range=[0.1, reference[0] + 0.02], col=1)
    figure.update_yaxes(range=[-0.03, reference[1] + 0.03], col=1)


def add_compromises(figure: go.Figure, Y: Floats) -> None:
    """Right: the front at the end, and what to take."""
    _add_front(figure, Y, 2)
    chosen = {
        "the knee": (knee(Y), "star", ROSE),
        "weights error 5, latency 1": (compromise(Y, np.array([5.0, 1.0])), "diamond", GREEN),
        "weights error 1, latency 5": (compromise(Y, np.array([1.0, 5.0])), "square", "#e69f00"),
    }
    for name, (row, symbol, color) in chosen.items():
        figure.add_scatter(
            x=Y[row : row + 1, 0], y=Y[row : row + 1, 1], mode="markers", name=name,
            marker={"color": color, "size": 15, "symbol": symbol, "line": {"width": 1, "color": "white"}}, row=1, col=2,
        )  # fmt: skip
    figure.update_xaxes(range=[0.1, 0.49], col=2)


def _add_front(figure: go.Figure, Y: Floats, column: int) -> None:
    front = Y[non_dominated(Y)]
    front = front[np.argsort(front[:, 0])]
    figure.add_scatter(
        x=front[:, 0], y=front[:, 1], mode="lines", line={"shape": "hv", "color": BLUE, "width": 1.5},
        showlegend=False, row=1, col=column,
    )  # fmt: skip
    for name, rows, color in (("dominated", ~non_dominated(Y), "#bdbdbd"), ("front", non_dominated(Y), BLUE)):
        figure.add_scatter(
            x=Y[rows, 0], y=Y[rows, 1], mode="markers", name=name, showlegend=column == 1, row=1, col=column,
            marker={"size": 8, "color": color},
        )  # fmt: skip


def main(path: str) -> None:
    """Draw the figure."""
    X, Y = searched()
    titles = (f"after {FIRST} trials", f"after {TRIALS} trials")
    figure = make_subplots(1, 2, column_titles=titles, horizontal_spacing=0.08)
    add_belief(figure, X[:FIRST], Y[:FIRST])
    add_compromises(figure, Y)
    figure.update_xaxes(title_text="error")
    figure.update_yaxes(title_text="latency", col=1)
    figure.update_layout(
        template="simple_white", width=1000, height=470, margin={"t": 40, "b": 50, "l": 60, "r": 20},
        legend={"orientation": "h", "y": -0.17, "x": 0.5, "xanchor": "center"}, font={"size": 14},
    )  # fmt: skip
    figure.write_image(path, scale=1.2)


if __name__ == "__main__":
    main(sys.argv[1])
