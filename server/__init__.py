"""Anfang: how banks and telecom operators find out how their branches serve people.

Empty on purpose: the pure packages below must import without Flask, so the composition root is `server.app`.
"""
