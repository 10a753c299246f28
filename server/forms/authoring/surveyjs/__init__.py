"""SurveyJS JSON, as its designer writes it, to a definition of ours, with a report of what differs.

    result = converted(source)
    result.definition, result.notes, result.counts

Each object is read along our own tables of properties: what they have is kept, old names get their present
ones, what only changes looks is dropped, and the rest is reported with the nearest way. Then the whole is
linted, and what is still an error is rewritten or left out, with a note too.
"""

from server.forms.authoring.surveyjs.objects import CODES, Note
from server.forms.authoring.surveyjs.structure import Conversion, converted

__all__ = ["CODES", "Conversion", "Note", "converted"]
