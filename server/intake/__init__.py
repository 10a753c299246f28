"""The one door for answers: `prepare` decides without I/O, `record` writes in one transaction.

Customer pages, visits, the API and bulk lines all pass here, so there is one check, one score, one rule for
what counts as the same submission.
"""
