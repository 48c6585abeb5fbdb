"""Alembic's entry point: migrate over the connection that `ledger.engine.migrate` passes in, inside its transaction."""

from alembic import context

from brightline.review import tables_quality  # noqa: F401 - its tables belong to the same metadata
from brightline.review.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=SCHEMA.table
)
context.run_migrations()
