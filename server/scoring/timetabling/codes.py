"""Every code that a rule, a setting or a year of holidays can be refused with, and its parameters.

What the JSON itself gets wrong is said with the codes of programmes. The sentences live in the catalogue; a
test compares the two.
"""

CODES: dict[str, tuple[str, ...]] = {
    "cron_fields": ("count",),
    "cron_field": ("field", "value"),
    "cron_weekday_steps": (),
    "cron_never": (),
    "rule_time": (),
    "rule_date": (),
    "rule_day": ("limit",),
    "rule_count": ("limit",),
    "rule_unknown": (),
    "rule_needs_wave": (),
    "rule_passed": (),
    "timetable_setting": ("name", "value"),
    "holiday_other_year": ("date", "year"),
    "holiday_reversed": (),
    "holiday_overlap": ("date",),
    "workday_no_weekend": ("date",),
    "workday_is_holiday": ("date",),
}


class TimingWrong(ValueError):
    """A rule or setting that means no time: one of `CODES`, with its parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Keep code and parameters for whoever says it."""
        super().__init__(code)
        self.code = code
        self.params = params
