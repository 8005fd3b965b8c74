"""Where a study is kept: its log of events, and the checkpoints of its trials. Knows no executor."""
