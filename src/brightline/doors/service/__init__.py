"""The service: API, review console and workers in one process, or in as many as a PostgreSQL serves."""
