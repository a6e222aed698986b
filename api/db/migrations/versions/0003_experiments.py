"""Experiments, who met them, and to which list an event is due."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_EVENTS = ("surface", "experiment", "arm")


def upgrade() -> None:
    """Make the tables and the columns."""
    for name in _OF_EVENTS:
        op.add_column("events", sa.Column(name, sa.String(length=64), nullable=True))
    op.create_table(
        "experiments",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "exposures",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("experiment", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "experiment", "subject"),
    )
    op.create_index("exposures_of_subject", "exposures", ["tenant", "subject"], unique=False)


def downgrade() -> None:
    """Drop them, with all they hold."""
    op.drop_table("exposures")
    op.drop_table("experiments")
    for name in _OF_EVENTS:
        op.drop_column("events", name)
