"""What helps people who write forms: where a problem stands, the published schema, differences, imports."""
