"""A posted HTML form to answers."""

from server.forms.form import CompiledForm
from server.forms.types.behaviour import Fields


def page_answers(form: CompiledForm, page_index: int, fields: Fields) -> dict[str, object]:
    """The answers of one page, None for each field that came empty or not at all (an unticked box).

    Laid over the answers so far, this is what the person sees on that page. Text that does not decode
    (letters in a number) stays text: the check refuses it and the page shows it again.
    """
    return {
        question.name: question.behaviour.decode(fields, question.name)
        for question in form.questions.values()
        if question.page == page_index and question.behaviour.check is not None
    }
