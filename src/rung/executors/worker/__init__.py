"""A worker's process: it trains, or stands before those that train together, and measures what that takes."""
