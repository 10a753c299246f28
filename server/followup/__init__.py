"""What follows the answers: settlements, their ledger, and what another scoring would change."""
