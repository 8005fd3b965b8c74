"""Reading a finished or running study: figures, importance, the doctor, the report."""
