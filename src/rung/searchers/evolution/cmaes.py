"""CMA-ES: a normal distribution of configurations that moves, stretches and turns towards the better ones.

The state of the distribution is a fold over the observations, in their order: a trial arrives when it is first observed
at the resource that new trials begin with, and whenever as many have arrived as make a generation, the distribution
learns from them, best first, by what is known of each at that moment. A configuration for trial `n` is what the
distribution gives for the random numbers of `n`. So no worker waits, and whoever learns the history anew gets the same.
A trial that failed or diverged never arrives.

References:
    Hansen, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772.
    Nomura et al., Warm Starting CMA-ES for Hyperparameter Optimization, AAAI 2021.
    Auger & Hansen, A Restart CMA Evolution Strategy With Increasing Population Size, CEC 2005 (IPOP).
    Hansen, Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed, GECCO 2009 (BIPOP).
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, HistoryView
from rung.core.objective import Objectives
from rung.core.rng import rng
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.variation import filled
from rung.searchers.checks import check_count, check_positive
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.distributions import Begin, Distribution, distribution
from rung.searchers.evolution.live import Design
from rung.searchers.evolution.screen import Screen

Restarts = Literal["ipop", "bipop", "none"]
TRIES = 8  # samples for one trial, before it is left to chance
NARROW = (
    1e-6  # a distribution that is narrower in every coordinate, in parts of the ranges, has found its optimum
)


class CMAES(
    msgspec.Struct,
    frozen=True,
    tag="cma-es",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Follow a normal distribution.

    Attributes:
        population: Trials in a generation. None: 4 + 3 ln d, for d hyperparameters.
        sigma: How wide the distribution begins: its standard deviation in parts of the ranges.
        initial: It begins around the best tenth of the first so many trials, whoever suggested them; until there are as
            many, configurations fill the space evenly. 0: it begins in the middle of the space.
        separable: Learn no correlations: for very many hyperparameters. Only where all are continuous.
        restarts: What happens when it has found an optimum. "ipop": it begins elsewhere with twice the population.
            "bipop": with a large and a small one in turn. "none": it goes on where it is.
    """

    population: int | None = None
    sigma: float = 0.2
    initial: int = 0
    separable: bool = False
    restarts: Restarts = "ipop"

    def __post_init__(self) -> None:
        check_count("CMAES", "population", self.population, 3, optional=True)
        check_positive("CMAES", "sigma", self.sigma)
        check_count("CMAES", "initial", self.initial, 0)
        if self.restarts not in ("ipop", "bipop", "none"):
            raise SpecError(f"restarts of CMAES is 'ipop', 'bipop' or 'none', got {self.restarts!r}.")
        if type(self.separable) is not bool:
            raise SpecError(f"separable of CMAES is True or False, got {self.separable!r}.")

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveCMAES":
        """A live searcher."""
        return LiveCMAES(self, space, seed)


class LiveCMAES:
    """Samples from the distribution that the history has led to."""

    def __init__(self, options: CMAES, space: Space, seed: int) -> None:
        self._options = options
        self._space = space
        self._seed = seed
        self._design = Design(space, seed)
        self._screen = Screen(space)
        self._runs: dict[int, Run] = {}  # memo: by the resource that new trials begin with

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for."""
        run = self._run(history, request.target)
        taken: set[bytes] = set()
        return [self._one(history, run, request, number, taken) for number in range(request.count)]

    def _run(self, history: HistoryView, target: int) -> "Run":
        run = self._runs.get(target)
        if run is None or run.seen > history.n_observations:  # a question about the past
            run = self._runs[target] = Run(self._options, self._space, self._seed, target)
        run.follow(history)
        return run

    def _one(
        self, history: HistoryView, run: "Run", request: Request, number: int, taken: set[bytes]
    ) -> Suggestion:
        numbers = request.rng("cma-es", request.trial + number)
        fitted: dict[str, object] = {"model": "cma-es"}
        if run.distribution is None:
            blocks = self._begun(request.index + number, numbers)
            fitted["initial"] = True
        else:
            blocks = self._sampled(run.distribution, numbers)
            fitted |= {"generation": run.generation, "restart": run.restart, "step": run.distribution.step}
        point, _ = self._screen.first(blocks, history, taken)
        return Suggestion(self._space.decode(point[None])[0], fitted)

    def _begun(self, index: int, numbers: np.random.Generator) -> Iterator[Floats]:
        yield self._design.row(index)[None]
        yield self._space.points(4 * TRIES, numbers)

    def _sampled(self, source: Distribution, numbers: np.random.Generator) -> Iterator[Floats]:
        for _ in range(TRIES):
            yield source.sample(int(numbers.integers(2**32)))[None]
        yield self._space.points(4 * TRIES, numbers)


class Run:
    """The fold of the observations into a distribution.

    Attributes:
        seen: Observations that were folded.
        distribution: None while the trials that it begins from are not there yet.
        generation: How many generations it has learned.
        restart: How many distributions there were before it.
    """

    def __init__(self, options: CMAES, space: Space, seed: int, target: int) -> None:
        self._options = options
        self._space = space
        self._seed = seed
        self._target = target
        self._rows: dict[int, int] = {}  # the last observation of each trial that has arrived
        self._open: list[int] = []  # trials that the next generation consists of, so far
        self._spent = {"large": 0, "small": 0}  # trials that populations of both kinds have used (BIPOP)
        self._kind: Literal["large", "small"] = "large"
        self._doubled = 0  # how often the large population was doubled
        self._default = 0  # the first population
        self.seen = 0
        self.generation = 0
        self.restart = 0
        self.distribution: Distribution | None = None
        if options.initial == 0 and self._varies():
            self._begin(Begin(self._centre(), options.sigma, options.population))

    def _varies(self) -> bool:
        return any(column.n_values > 1 for column in self._space.columns)

    def _centre(self) -> Floats:
        """The middle of the space, or of where the user believes good values to lie."""
        if not self._space.has_prior:
            return np.full(len(self._space.columns), 0.5)
        drawn = self._space.points(512, rng(self._seed, "cma-es centre", 0))
        known = (column[~np.isnan(column)] for column in drawn.T)
        return np.array([np.median(column) if len(column) else 0.5 for column in known])

    def follow(self, history: HistoryView) -> None:
        """Fold what is new. Takes O(new observations)."""
        start, stop = self.seen, history.n_observations
        if start == stop:
            return
        trials, resources = history.trials[start:stop].tolist(), history.resources[start:stop].tolist()
        finite = np.isfinite(history.losses[start:stop]).min(axis=1).tolist()
        for row, trial, resource, fits in zip(range(start, stop), trials, resources, finite, strict=True):
            if trial in self._rows:
                self._rows[trial] = row
            elif fits and resource >= self._target and self._is_inside(history, trial):
                self._rows[trial] = row
                self._open.append(trial)
                self._close(history)
        self.seen = stop

    def _is_inside(self, history: HistoryView, trial: int) -> bool:
        return not np.isnan(history.encoded[trial]).all()

    def _close(self, history: HistoryView) -> None:
        """Learn the open generation, if it is full."""
        if self.distribution is None:
            if len(self._open) == self._options.initial and self._varies():
                self._begin(self._warm(self._best_first(history)))
                self._open.clear()
        elif len(self._open) == self.distribution.population:
            draws = rng(self._seed, "cma-es raw", self._total())
            self.distribution.learn(self._best_first(history), draws)
            self._spent[self._kind] += len(self._open)
            self._open.clear()
            self.generation += 1
            if self._options.restarts != "none" and self._is_over():
                self._begin_again()

    def _total(self) -> int:
        return sum(self._spent.values())

    def _best_first(self, history: HistoryView) -> Floats:
        """The points of the open generation, by what is known of them now."""
        rows = np.array([self._rows[trial] for trial in self._open])
        losses = history.losses[rows]
        evidence = Evidence(
            history.trials[rows],
            history.encoded[history.trials[rows]],
            history.resources[rows],
            np.where(np.isnan(losses), np.inf, losses),
            history.violations[rows],
        )
        found: Floats = evidence.points[np.argsort(ranks(evidence))]
        return found

    def _warm(self, points: Floats) -> Begin:
        """Around the best tenth of some points, best first."""
        from cmaes import get_warm_start_mgd

        best = filled(points, rng(self._seed, "cma-es warm", 0))[: max(1, len(points) // 10)]
        solutions = [(point, float(place)) for place, point in enumerate(best)]
        mean, sigma, cov = get_warm_start_mgd(solutions, gamma=1.0, alpha=self._options.sigma)
        return Begin(mean, sigma, self._options.population, cov)

    def _is_over(self) -> bool:
        assert self.distribution is not None
        return self.distribution.is_spent or self.distribution.step < NARROW

    def _begin_again(self) -> None:
        """Elsewhere, with another population."""
        self.restart += 1
        draws = rng(self._seed, "cma-es restart", self.restart)
        mean = filled(self._space.points(1, draws), draws)[0]
        if self._options.restarts == "bipop" and self._spent["small"] < self._spent["large"]:
            self._kind = "small"
            ratio = 0.5 * 2**self._doubled
            population = int(self._default * ratio ** (draws.random() ** 2))
            sigma = self._options.sigma * 10 ** (-2 * draws.random())
            self._begin(Begin(mean, sigma, max(population, 4)))
        else:
            self._kind = "large"
            self._doubled += 1
            self._begin(Begin(mean, self._options.sigma, self._default * 2**self._doubled))

    def _begin(self, begin: Begin) -> None:
        self.distribution = distribution(self._space, begin, separable=self._options.separable)
        self._default = self._default or self.distribution.population
        self.generation = 0
