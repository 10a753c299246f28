"""A posted HTML form to answers. Inside groups a field is named by its way: `p[0].x`, `m[row].x`, `t.x`."""

from server.forms.form import CompiledForm, Group, Question
from server.forms.problems import pointer_to
from server.forms.types.behaviour import Fields, decode_single
from server.forms.types.groups import count_field
from server.wire import pointer_parts


def page_answers(form: CompiledForm, page_index: int, fields: Fields) -> dict[str, object]:
    """The answers of one page, None for each field that came empty or not at all (an unticked box).

    Laid over the answers so far, this is what the person sees on that page. Text that does not decode
    (letters in a number) stays text: the check refuses it and the page shows it again.
    """
    return {
        question.name: _decoded(question, question.name, fields)
        for question in form.questions.values()
        if question.page == page_index and question.behaviour.check is not None
    }


def inner_field(field: str, part: str, name: str) -> str:
    """The field of a question inside a group. `part` points to the panel or row, "" for one object."""
    return f"{field}[{pointer_parts(part)[0]}].{name}" if part else f"{field}.{name}"


def _decoded(question: Question, field: str, fields: Fields) -> object:
    group = question.group
    if group is None:
        return question.behaviour.decode(fields, field)
    if group.answer == "one":
        return _inner(group, field, "", fields)
    if group.answer == "rows":
        keys = [str(row.value) for row in group.rows]
        rows = {key: _inner(group, field, pointer_to(key), fields) for key in keys}
        return {row: answers for row, answers in rows.items() if answers} or None
    return [
        _inner(group, field, pointer_to(index), fields) or {} for index in range(_count(group, field, fields))
    ]


def _inner(group: Group, field: str, part: str, fields: Fields) -> dict[str, object] | None:
    """The answers inside. A blank is said where the form gives a default, or it would come back at once."""
    answers = {
        question.name: value
        for question in group.questions.values()
        if question.behaviour.check is not None
        and (
            (value := _decoded(question, inner_field(field, part, question.name), fields)) is not None
            or question.has_default
        )
    }
    return answers or None


def _count(group: Group, field: str, fields: Fields) -> int:
    raw = decode_single(fields, count_field(field))
    known = isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 5
    return min(int(str(raw)), group.most) if known else 0
