"""What a person reads of a study: its best trial, its front, its trials, its log in words."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import rung.lineage as lineages
import rung.results as results  # noqa: PLR0402  `from rung import` would ask the face, which imports this file
import rung.story as stories
from rung.audited import AuditReport, audited
from rung.confirmed import Confirmed, confirmed
from rung.core import event as ev
from rung.core.history import HistoryView
from rung.core.space import Config, Space
from rung.core.state import State
from rung.core.why import Why, sentence
from rung.files import StudyFiles
from rung.replay import Replay, replay
from rung.schedulers.schedule import Schedule
from rung.spec import StudySpec
from rung.stores.events import Log, Store
from rung.tables import frame
from rung.trial_result import TrialResult

if TYPE_CHECKING:
    import pandas as pd

    from rung.searchers.gaussian.profile import Profile


class Readable:
    """What a study knows, for reading; `rung.Study` fills the fields and changes them."""

    _spec: StudySpec
    _state: State
    _store: Store
    _log: Log
    _files: StudyFiles
    _ended: Why | None

    @property
    def ended(self) -> str | None:
        """Why the last `run` of this object ended, in words; None before."""
        return None if self._ended is None else sentence(self._ended, self._state.resource.unit)

    @property
    def interrupted(self) -> bool:
        """Whether that was Ctrl-C or SIGTERM; `run` returns in order then, for the script to decide what follows."""
        return self._ended is not None and self._ended.rule == "interrupted"

    @property
    def name(self) -> str:
        """Its name."""
        return self._spec.name

    @property
    def url(self) -> str:
        """Where its log is."""
        return self._store.url

    @property
    def spec(self) -> StudySpec:
        """What it is, with its present space."""
        space = self._state.space
        return msgspec.structs.replace(self._spec, space=space.parameters, where=space.rules)

    @property
    def space(self) -> Space:
        """What is tuned."""
        return self._state.space

    @property
    def state(self) -> State:
        """The fold of its log; to be read, not changed."""
        return self._state

    @property
    def features(self) -> Mapping[str, float]:
        """What it is about, as `describe` was told; empty if nobody said."""
        return self._state.features

    @property
    def is_driven(self) -> bool:
        """Whether a live program runs it now, this one or another."""
        return self._log.is_held()

    @property
    def folder(self) -> Path:
        """Where its files lie: `checkpoints`, and `output` with what its trainings print."""
        return self._files.folder

    @property
    def history(self) -> HistoryView:
        """Configurations and observations as arrays, as of now."""
        return self._state.history.view()

    @property
    def best(self) -> TrialResult:
        """The best trial at the highest resource reached."""
        return results.best(self._state, self.name)

    @property
    def best_config(self) -> Config:
        """Its configuration."""
        return self.best.config

    @property
    def best_value(self) -> float | None:
        """Its value."""
        return self.best.value

    @property
    def best_checkpoint(self) -> Path | None:
        """A local folder with its last checkpoint, fetched and checked; None if its training has saved nothing.

        Raises:
            CheckpointGoneError: If it is gone or damaged.
        """
        best = self.best.number
        state = self._state
        if state.best is not state.incumbent:  # it was confirmed: the model of its first repetition
            best = state.confirmations.made(best).get(1, best)
        saved = state.trials[best].checkpoints
        return self._files.fetch(saved[-1].checkpoint) if saved else None

    def model(self, name: str, at: Config | None = None) -> "Profile":
        """What a Gaussian process believes of the objective along one hyperparameter: mean and uncertainty.

        Args:
            name: The hyperparameter, with its branch where the name stands in several: `lr[optimizer=adam]`.
            at: What the others are; None: the trial where the model expects the best.

        Raises:
            SpecError: If there is no such hyperparameter.
            NoResultError: If too few trials were observed at one resource.
        """
        from rung.searchers.gaussian.profile import profile

        return profile(self._state.space, self._state.objectives, self._state.history.view(), name, at)

    @property
    def front(self) -> list[TrialResult]:
        """For several objectives: the trials that no other one dominates."""
        return results.front(self._state, self.name)

    def compromise(self, weights: Mapping[str, float] | None = None) -> TrialResult:
        """For several objectives: one trial of the front to take, its knee or the one that suits weights.

        Args:
            weights: How much each objective counts, by metric, such as `{"loss": 2, "latency": 1}`: the trial whose
                worst weighted loss is the least, each scaled to its range on the front. None: where the front bends.

        Raises:
            NoResultError: If nothing was observed, or the study has one objective.
            SpecError: If the weights are not a number of at least 0 for each objective, not all 0.
        """
        return results.compromise(self._state, self.name, weights)

    def hypervolume(self, reference: Mapping[str, float] | None = None) -> float:
        """For several objectives: how much lies between the front and a reference, in the product of their units.

        Args:
            reference: A value for each objective, by metric: what is not better than it counts for nothing. Give one
                to compare studies. None: the worst of each objective among the trials that the front was chosen from.

        Raises:
            NoResultError: If nothing was observed, or the study has one objective.
            SpecError: If the reference is not a finite number for each objective.
        """
        return results.hypervolume(self._state, self.name, reference)

    @property
    def trials(self) -> list[TrialResult]:
        """Every trial."""
        return results.trials(self._state)

    def events(self) -> Iterator[ev.Entry]:
        """The log, entry by entry."""
        return self._log.read()

    def story(self, trial: int) -> list[stories.Line]:
        """What happened to a trial, and why, in words; the last line says where it stands."""
        return stories.story(self.events(), self._spec.start(), trial)

    def schedule(self, trial: int | None = None) -> Schedule:
        """The configurations that led to a trial, from the start of its training through the trials that it came from.

        Given as the scheduler of another study, it trains a fresh model along them.

        Args:
            trial: Its number; None: the best one.

        Raises:
            NoResultError: If there is no such trial, or it was not observed yet.
        """
        number = self.best.number if trial is None else trial
        return lineages.schedule(self._log.read(kinds=(ev.Started,)), self._state, number)

    def replay(self) -> Replay:
        """Every decision of its log asked again, and how many are answered the same; see `rung.replay`."""
        return replay(self.events, StudySpec.start)

    @property
    def audits(self) -> AuditReport:
        """What its audits tell of early stopping so far."""
        return audited(self._state)

    @property
    def confirmed(self) -> Confirmed:
        """What its last confirmation tells so far: how good the leaders are when they are trained anew."""
        return confirmed(self._state)

    def to_frame(self) -> "pd.DataFrame":
        """One row per trial, as a pandas frame."""
        return frame(self._state)

    def _repr_html_(self) -> str:
        return results.overview(self._state, self.name, self.url, self.ended)

    def __repr__(self) -> str:
        return f"<Study {self.name!r} in {self._store.url}: {self._state.n_trials} trials>"
