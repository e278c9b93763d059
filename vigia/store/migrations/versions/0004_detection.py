"""Detection: findings, evidence, runbooks, audits and changes of thresholds."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Forward only: a change is undone by the next migration, never by going back."""
    # The driver's own cursor: SQLAlchemy would read the % signs of texts as parameters.
    op.get_bind().connection.cursor().execute(STATEMENTS.read_text(encoding="utf-8"))
