"""Executors: where jobs run. They take a callable and jobs, and know neither trials nor stores."""
