"""Facts about this deployment, such as that its data are a demo. At most one row a key."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class DeploymentFact(Base):
    __tablename__ = "deployment_fact"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
