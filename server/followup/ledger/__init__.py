"""The way of a ledger line: proposed by a settlement, approved, held while disputed, closed for payroll."""
