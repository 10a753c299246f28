"""`make bench`: what the server does in a second, beside what the same machine could do at best.

Everything is measured in one run against the real parts (granian, PostgreSQL with fsync on), in rounds that
take turns, because numbers of another day or machine say nothing. Ratios matter, not the rates themselves.
"""
