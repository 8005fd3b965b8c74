"""What is tuned: tasks in groups, some of them for development, the others for the report."""
