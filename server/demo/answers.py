"""Answers for the demo's forms: customers with moods, shoppers who find what is wrong at a weak outlet.

Both pass the form's own check for every seed. An outlet's quality shifts everything a little the same way,
a customer's mood and a visit's bad corner shift some of it together, so that items correlate as real ones do.
"""

from random import Random

from server.demo.chance import clamp
from server.demo.customer import Customer
from server.demo.filling import Occasion, filled
from server.demo.shopper import PhotoFor, Shopper
from server.forms.form import CompiledForm


def response_rate(quality: float) -> float:
    """The share of invited customers who answer: 38 % where service is poor, 46 % where it is best."""
    return 0.38 + 0.08 * clamp((quality - 0.55) / 0.42, 0.0, 1.0)


def responds(rng: Random, quality: float, eagerness: float = 1.0) -> bool:
    """Whether one invited customer answers; `eagerness` is about 1 over all customers."""
    return rng.random() < response_rate(quality) * eagerness


def survey_answers(rng: Random, form: CompiledForm, occasion: Occasion) -> dict[str, object]:
    """One customer's answers to a survey."""
    return filled(form, occasion, Customer(rng, occasion))


def visit_answers(
    rng: Random, form: CompiledForm, occasion: Occasion, photo_refs: PhotoFor
) -> dict[str, object]:
    """One shopper's answers to a visit's checklist, with notes, photos and reasons for missing photos."""
    return filled(form, occasion, Shopper(rng, occasion, photo_refs))
