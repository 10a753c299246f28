"""What kind of deployment this is."""

from sqlalchemy import Connection, select

from server.models.deployment import DeploymentFact

DEMO = "demo"


def is_demo(connection: Connection) -> bool:
    """Whether the data were made up; every page then says so."""
    return connection.scalar(select(DeploymentFact.key).where(DeploymentFact.key == DEMO)) is not None
