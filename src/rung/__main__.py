"""`python -m rung` is `rung`."""

from rung.cli.main import main

main()
