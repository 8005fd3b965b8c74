"""Studies on the move: to and from one portable file, and from store to store."""
