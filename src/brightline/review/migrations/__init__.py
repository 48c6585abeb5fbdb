"""Alembic's scripts for the service's tables."""
