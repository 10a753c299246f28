"""The `http` gateway: one file of JSON describes how a bank's own gateway is spoken to.

`reading` makes a `Description` of it and says everything that is wrong; `gateway` sends, `pushed` takes what
the gateway brings by itself. docs/outreach/gateways.md shows the language.
"""
