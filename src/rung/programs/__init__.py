"""Programs that are not Python: command lines, study files, and how they are run."""
