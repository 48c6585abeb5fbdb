"""A model endpoint is questioned against risk banks, its answers are graded, and rates with their intervals come of it."""
