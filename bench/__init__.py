"""`make bench`: the server, the definition language and the customer's page beside others doing the same.

Everything is measured in one run against the real parts (granian, PostgreSQL with fsync on), in rounds that
take turns, because numbers of another day or machine say nothing. Ratios matter, not the rates themselves.
"""
