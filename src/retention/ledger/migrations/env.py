"""Alembic's entry: the connection comes from :func:`retention.ledger.store.upgrade`."""

from alembic import context

from retention.ledger.store import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
