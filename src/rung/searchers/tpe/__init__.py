"""The Tree-structured Parzen Estimator."""
