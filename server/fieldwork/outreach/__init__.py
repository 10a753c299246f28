"""Asking the right people once, at a decent hour: invitations, reminders, answers by SMS, and how it goes."""
