"""What the command line itself has to complain about."""

from rung.core.errors import RungError


class CommandError(RungError, ValueError):
    """A command cannot do what it was asked for; the message says what to do instead."""
