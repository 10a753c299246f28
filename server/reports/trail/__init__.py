"""The audit trail as people read it: who did what when, within what they may see."""
