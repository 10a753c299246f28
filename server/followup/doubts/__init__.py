"""Doubts about visits: facts are gathered, weighed by `server.evidence`, stored, and decided by people."""
