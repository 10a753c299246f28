"""The JSON in which a sampling design and what to estimate from it are written down."""
