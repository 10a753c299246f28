"""From dates to a timetable: what is due when, for whom, and how it moves off days on which nobody works."""
