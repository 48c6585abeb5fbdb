"""Alembic's entry point: migrate over the connection that `engine.migrate` passes in, inside its transaction."""

from alembic import context

from brightline.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
