"""Baselines: samples by day, what is usual, how far ordinary days stray, and anomalies."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Forward only: a change is undone by the next migration, never by going back."""
    # The driver's own cursor: SQLAlchemy would read the % signs of texts as parameters.
    op.get_bind().connection.cursor().execute(STATEMENTS.read_text(encoding="utf-8"))
