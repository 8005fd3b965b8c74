"""The rules that the options of searchers share."""

from rung.core.errors import SpecError


def check_count(
    searcher: str, option: str, value: object, least: int, *, most: int | None = None, optional: bool = False
) -> None:
    """Refuse what is no whole number of at least `least`, and at most `most`."""
    if optional and value is None:
        return
    if type(value) is not int or value < least or (most is not None and value > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise SpecError(
            f"{option} of {searcher} must be an integer {wanted}, got {value!r}. Leave it out to have the default."
        )


def check_share(searcher: str, option: str, value: object) -> None:
    """Refuse what is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise SpecError(
            f"{option} of {searcher} must be a number from 0 to 1, got {value!r}. Leave it out to have the default."
        )


def check_positive(searcher: str, option: str, value: object) -> None:
    """Refuse what is no number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise SpecError(
            f"{option} of {searcher} must be a number above 0, got {value!r}. Leave it out to have the default."
        )
