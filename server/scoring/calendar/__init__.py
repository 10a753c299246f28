"""The calendar of a programme: scheme years, their periods, working days and due dates."""

from server.scoring.calendar.calendar import Calendar
from server.scoring.calendar.days import Span
from server.scoring.calendar.deadlines import DateRule, Deadline
from server.scoring.calendar.periods import PERIODS, Period, Phase

__all__ = ["PERIODS", "Calendar", "DateRule", "Deadline", "Period", "Phase", "Span"]
