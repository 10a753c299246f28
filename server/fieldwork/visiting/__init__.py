"""Visits from the side of who goes: their phone, what they are asked to do, what they tell about it."""
