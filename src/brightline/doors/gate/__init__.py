"""The gate: models and data sets are judged whole, and the verdict is written in every form that a pipeline reads."""
