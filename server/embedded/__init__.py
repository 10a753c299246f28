"""PostgreSQL and an S3 store started from their wheels, and the supervisor behind `make run`.

A laptop, a demo and the tests get the parts that production has, without an administrator. Nothing here is
imported by the application: it reads its settings, whoever started the services behind them.

`services.EmbeddedServices` is the context manager, `run.run` is `make run`. Everything lives below one data
folder (`home`), described in docs/operations.md.
"""
