"""What can be wrong with the description of a gateway; sentences live at the edge."""

from collections.abc import Collection, Sequence

from server.forms.problems import Problem, Report

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "gateway_variable_unknown": ("name", "known"),
    "gateway_braces": (),
    "gateway_secret_missing": ("name", "setting"),
    "gateway_digest_unknown": ("name",),
    "gateway_digest_later": ("name",),
    "gateway_body_signs_itself": (),
    "gateway_address": (),
    "gateway_either": ("options",),
    "gateway_key_needed": ("algorithm",),
    "gateway_key_unused": ("algorithm",),
    "gateway_pattern": (),
    "gateway_place": (),
    "gateway_network": ("text",),
    "gateway_zone": ("text",),
    "gateway_unproven": (),
    "gateway_code_twice": ("found",),
    "gateway_word_unknown": ("word", "known"),
    "gateway_without_text": ("name",),
    "gateway_header": (),
}


class GatewayInvalid(ValueError):
    """A description that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(f"{each.code} at {each.pointer or '/'}" for each in problems[:5]))
        self.problems = tuple(problems)


class GatewayReport(Report):
    """Problems of a description; its properties are not those of forms."""

    def unknown_property(self, pointer: str, name: str, known: Collection[str]) -> None:
        """Report it with the nearest known name."""
        near = self.suggest(name, known)
        self.error(pointer, "property_unknown", property=name[:64], suggestion=near)
