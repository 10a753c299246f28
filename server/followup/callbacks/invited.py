"""How an answer finds the invitation that it answers."""

from typing import Final

from sqlalchemy import and_

from server.models.submissions import Submission
from server.models.tasks import Invitation

# Submissions have their id from whoever sends them, and only within a wave.
INVITED: Final = and_(
    Invitation.submission_id == Submission.submission_id, Invitation.wave_id == Submission.wave_id
)
