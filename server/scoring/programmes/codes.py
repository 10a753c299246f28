"""Every code that a programme or its facts can be refused or warned with, and the names of its parameters.

Some codes of the scoring of forms (`server.scoring.problems`) and of expressions (`server.forms.codes`) are
reported here too, where they say the same. The sentences live in the catalogue; a test compares the two.
"""

# What the JSON itself says: of a definition or of facts.
_SHAPES: dict[str, tuple[str, ...]] = {
    "programme_missing_property": ("property",),
    "programme_name": ("name",),
    "programme_name_taken": ("name",),
    "programme_one_of": ("options",),
    "programme_property_without": ("property", "needs"),
    "programme_too_many": ("limit",),
    "programme_two_of": ("options",),
    "programme_unknown_property": ("property", "suggestion"),
}

_NAMES: dict[str, tuple[str, ...]] = {
    "undeclared_instrument": ("name", "suggestion"),
    "unknown_date": ("name", "suggestion"),
    "unknown_grade": ("name", "suggestion"),
    "unknown_kind": ("name", "suggestion"),
    "fact_negative": (),
    "policy_unused": ("name",),
    "history_not_past": ("period", "as_of"),
    "rule_not_decided": ("rule",),
    "unknown_duty": ("name", "suggestion"),
    "unknown_event": ("name", "suggestion"),
    "unknown_section": ("name", "suggestion"),
    "indicator_other_kind": ("name", "kind", "expected"),
    "unknown_indicator": ("name", "suggestion"),
    "unknown_measure": ("name", "suggestion"),
    "unknown_period": ("name", "suggestion"),
    "unknown_parameter": ("name", "suggestion"),
    "unknown_reading": ("name", "suggestion"),
    "unknown_rule": ("name", "suggestion"),
    "unknown_zone": ("name", "suggestion"),
    "unknown_doubt": ("name", "suggestion"),
    "unlisted_subject": ("name", "suggestion"),
}

_DEFINITIONS: dict[str, tuple[str, ...]] = {
    "call_back_at_least_one": (),
    "visits_of_visit": ("kind",),
    "programme_bounds": ("low", "high"),
    "review_kind": ("kind",),
    "visits_photo_side": ("low", "high"),
    "visits_scenario_twice": ("value",),
    "visits_weight_bounds": (),
    "call_back_of_survey": ("kind",),
    "call_back_record_no_log": ("name",),
    "call_back_unknown_question": ("name", "suggestion"),
    "band_out_of_order": ("grade", "minimum"),
    "band_value_open": ("grade", "measure"),
    "bounds_reversed": ("low", "high"),
    "date_cycle": ("name",),
    "date_day_out_of_range": ("day", "limit"),
    "deduct_section_empty": ("section",),
    "duty_each_not_below": ("name", "kind"),
    "duty_property_unused": ("property", "every"),
    "duty_undeclared": ("name", "suggestion"),
    "expression_no_list": ("column", "name"),
    "expression_of_settings": ("column", "name"),
    "expression_reads_list": ("column", "name"),
    "instrument_unused": ("name",),
    "measure_cycle": ("measures",),
    "measure_gives_list": ("measure",),
    "measure_not_below": ("measure", "kind"),
    "measure_other_period": ("measure", "per", "expected"),
    "measure_out_of_reach": ("measure", "of", "kind"),
    "measure_unused": ("name",),
    "measure_without_bands": ("measure",),
    "measure_without_values": ("measure",),
    "parameter_out_of_range": ("low", "high"),
    "parameter_unused": ("name",),
    "part_twice": ("measure",),
    "payee_without_finding": (),
    "phase_gap": ("name", "other"),
    "phase_overlap": ("name", "other"),
    "phase_value_missing": ("name", "phases"),
    "phase_without_days": ("name",),
    "phases_missing": (),
    "rank_other_kind": ("measure", "kind"),
    "rule_without_consequence": (),
    "subject_cycle": ("name",),
    "target_above_scale": ("target", "scale"),
    "word_as_number": ("measure",),
    "year_starts_late": (),
}

_FACTS: dict[str, tuple[str, ...]] = {
    "fact_after_as_of": ("date", "as_of"),
    "fact_twice": ("id",),
    "parameter_missing": ("name",),
    "settlement_of_other_year": ("year", "other"),
    "parent_not_above": ("name", "kind", "below"),
}

# code -> names of its parameters.
CODES: dict[str, tuple[str, ...]] = {**_SHAPES, **_NAMES, **_DEFINITIONS, **_FACTS}
