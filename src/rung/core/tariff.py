"""What an hour of a worker costs, and what power it draws, by the kind of machine that it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass

from rung.core.errors import MisuseError

MONEY = "money"
ENERGY = "energy"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What training costs in money and in energy, where a study asks for it.

    Attributes:
        rates: Price of an hour of a worker, by its kind; empty: nobody asks for money.
        watts: Power that a worker draws, by its kind, where none is measured; None: nobody asks for energy.
    """

    rates: Mapping[str, float]
    watts: Mapping[str, float] | None

    def spent(self, kind: str, seconds: float, joules: float | None = None) -> dict[str, float]:
        """What some training has cost: `money`, in what the rates count, and `energy` in joules, as far as asked for.

        Args:
            kind: Of its worker.
            seconds: How long it took.
            joules: What was measured; None: the declared power counts.

        Raises:
            MisuseError: If nothing is declared for this kind.
        """
        found: dict[str, float] = {}
        if self.rates:
            found[MONEY] = _of(kind, self.rates, "rates") * seconds / 3600
        if self.watts is not None:
            found[ENERGY] = _of(kind, self.watts, "watts") * seconds if joules is None else joules
        return found


FREE = Tariff({}, None)
"""Of a study that does not ask."""


def _of(kind: str, declared: Mapping[str, float], option: str) -> float:
    if kind in declared:
        return declared[kind]
    known = f"{option}= names {', '.join(map(repr, declared))}" if declared else f"{option}= names no kind"
    if option == "rates":
        raise MisuseError(
            f"a worker of kind {kind!r} has no rate: {known}. Add {kind!r} with the price of an hour of it, or let "
            "RUNG_KIND say on its machine of which kind it is."
        )
    raise MisuseError(
        f"the energy of a worker of kind {kind!r} cannot be measured, as neither NVML nor RAPL can be read there, and "
        f"{known}. Add {kind!r} with the watts that it draws in training."
    )
