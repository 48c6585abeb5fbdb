"""Alembic migrations of the ledger's store, run when a store is opened that is older than the code."""
