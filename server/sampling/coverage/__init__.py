"""Coverage plans for visits: which outlets a wave visits, whether it can keep its promises, and the year."""
