"""The pure core: spaces, jobs, events and the state that events fold into. No clock, no I/O, no threads."""
