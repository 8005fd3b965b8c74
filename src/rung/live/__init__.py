"""What a person sees while a study runs: on a terminal, in a notebook, as lines, as JSON."""
