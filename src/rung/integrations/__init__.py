"""Other libraries: frameworks that train, trackers that record, tools that users come from."""
