"""What people read: results, sheets, progress. Every query takes a scope."""
