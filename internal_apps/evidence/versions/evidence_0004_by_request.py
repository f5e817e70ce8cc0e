"""What was sent and what was stopped, found by its request.

Revision ID: evidence_0004
"""

from alembic import op

revision = "evidence_0004"
down_revision = "evidence_0003"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("evidence_sent_request", "evidence_sent", ["request_id"])
    op.create_index("evidence_stopped_request", "evidence_stopped", ["request_id"])
