"""BoTorch as its tutorials loop: a SingleTaskGP with its default priors, fitted anew each time, and qLogEI.

It brings no space: choices become one column per option, inactive hyperparameters stand at 0.5, and what is proposed
is rounded to what exists. Limits are modelled by a GP each and go into the acquisition. The first points are Sobol's.
"""

import math
import warnings
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import torch
from botorch.acquisition import qLogExpectedImprovement
from botorch.acquisition.objective import GenericMCObjective
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf
from botorch.sampling import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood, SumMarginalLogLikelihood

from methods.base import Setting
from rung.core.space import Choice, Config

VERSION = version("botorch")
FIRST = 10  # Sobol points, or twice the dimensions if these are fewer

warnings.simplefilter("ignore")
torch.set_num_threads(1)


class Botorch:
    """A loop of fit and qLogEI."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        columns = setting.space.columns
        self._widths = [len(c.parameter.options) if _is_nominal(c.parameter) else 1 for c in columns]
        self._sobol = torch.quasirandom.SobolEngine(len(columns), scramble=True, seed=setting.seed)
        self._first = min(FIRST, 2 * len(columns)) if len(columns) > 2 else 5
        self._X: list[np.ndarray] = []
        self._y: list[list[float]] = []
        torch.manual_seed(setting.seed)

    def ask(self) -> Config:
        """See `Method`."""
        (config,) = self._setting.space.decode(self._proposed()[None])
        return config

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        (u,) = self._setting.space.encode([config])
        self._X.append(self._wide(u))
        self._y.append([self._setting.penalty if math.isnan(loss) else loss, *broken])

    def told(self, trials: Sequence[tuple[Config, float]]) -> None:
        """Let it know of evaluations that it did not ask for."""
        for config, loss in trials:
            self.tell(config, loss, ())

    def _proposed(self) -> np.ndarray:
        """A point of the unit cube of the space."""
        if len(self._X) < self._first:
            return self._sobol.draw(1).double().numpy()[0]
        X, Y = torch.tensor(np.array(self._X)), -torch.tensor(np.array(self._y), dtype=torch.double)
        try:
            return self._narrow(self._best(X, Y))
        except Exception:  # noqa: BLE001  a fit that has failed in linear algebra: a user would go on
            return np.random.default_rng(len(self._X)).random(len(self._widths))

    def _best(self, X: torch.Tensor, Y: torch.Tensor) -> np.ndarray:
        models = [SingleTaskGP(X, Y[:, [i]], outcome_transform=Standardize(1)) for i in range(Y.shape[1])]
        if len(models) == 1:
            model = models[0]
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        else:
            model = ModelListGP(*models)
            fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        kept = (Y[:, 1:] >= 0).all(dim=1)
        acquisition = qLogExpectedImprovement(
            model,
            best_f=(Y[kept, 0].max() if kept.any() else Y[:, 0].min()),
            sampler=SobolQMCNormalSampler(torch.Size([128]), seed=self._setting.seed),
            objective=GenericMCObjective(lambda samples, X=None: samples[..., 0]),
            constraints=[lambda samples, i=i: -samples[..., i] - 1e-6 for i in range(1, Y.shape[1])] or None,
        )
        bounds = torch.stack([torch.zeros(X.shape[1]), torch.ones(X.shape[1])]).double()
        found, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=5, raw_samples=128)
        return found[0].detach().numpy()

    def _wide(self, u: np.ndarray) -> np.ndarray:
        """A point with a column per option."""
        parts = []
        for value, width in zip(u, self._widths, strict=True):
            part = np.full(width, 0.5 if width == 1 else 1 / width)
            if not np.isnan(value):
                part = np.eye(width)[min(int(value * width), width - 1)] if width > 1 else np.array([value])
            parts.append(part)
        return np.concatenate(parts)

    def _narrow(self, x: np.ndarray) -> np.ndarray:
        """A point of the unit cube, the option with the largest column chosen."""
        parts = np.split(x, np.cumsum(self._widths)[:-1])
        found = [(part.argmax() + 0.5) / len(part) if len(part) > 1 else part[0] for part in parts]
        return np.clip(np.array(found, dtype=np.float64), 0, 1)


def _is_nominal(parameter: object) -> bool:
    return isinstance(parameter, Choice) and not parameter.ordered and len(parameter.options) > 1


def start(name: str, setting: Setting) -> Botorch:
    """By name."""
    return Botorch(setting)
