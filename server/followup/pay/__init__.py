"""What visits are paid: lines that are proposed, decided about by somebody else, and closed by the month.

Apart from scores on purpose: what a report says must never depend on what it brings.
"""
