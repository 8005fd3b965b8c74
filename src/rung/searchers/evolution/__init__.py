"""Evolution: new configurations come from the best ones so far, or from a distribution that follows them.

All are steady-state: every observation counts at once, and every question gets an answer, so no worker waits for a
generation to end. All are folds over the observations of a history, in their order; what is kept between questions is
a memo of that fold.
"""
