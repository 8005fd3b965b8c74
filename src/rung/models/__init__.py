"""Models: functions on arrays that searchers, schedulers and analysis share."""
