"""How Alembic reaches the database: as the owner of the schema, in one transaction."""

from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SET ROLE vigia_owner"))
    context.configure(
        connection=connection, version_table_schema="ops", transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
