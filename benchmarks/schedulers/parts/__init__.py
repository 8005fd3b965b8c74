"""What the benchmarks of schedulers share; each is a program in the folder above."""
