"""The parts of `benchmarks/soak.py`: studies that are broken at random, and the check that nothing was lost."""
