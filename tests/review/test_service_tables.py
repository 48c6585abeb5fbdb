"""The service's tables: what the migrations make is what the rooms read, on both databases, from every earlier revision."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from brightline.review import tables_quality
from brightline.review.tables import SCHEMA


def test_migrations_make_the_tables_that_the_rooms_read(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": SCHEMA.table})
        names = set(tables_quality.metadata.tables)
        found = [
            one
            for one in compare_metadata(context, tables_quality.metadata)
            if not (one[0] == "remove_table" and one[1].name not in names)
            and not (one[0] == "remove_index" and one[1].table.name not in names)
        ]
    assert found == []
