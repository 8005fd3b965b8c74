"""Problems: what training would have done, from a formula, a table, or the log of a study."""
