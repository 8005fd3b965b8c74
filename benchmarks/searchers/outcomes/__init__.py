"""What came of runs: written as lines, read again, ranked and printed."""
