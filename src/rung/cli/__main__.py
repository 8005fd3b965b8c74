"""`python -m rung.cli` is `rung`."""

from rung.cli.main import main

main()
