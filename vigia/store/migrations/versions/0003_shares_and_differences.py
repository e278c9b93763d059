"""Shares and differences: the registry's words for metrics that are made of others."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Forward only: a change is undone by the next migration, never by going back."""
    # The driver's own cursor: SQLAlchemy would read the % signs of texts as parameters.
    op.get_bind().connection.cursor().execute(STATEMENTS.read_text(encoding="utf-8"))
