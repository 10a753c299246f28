"""Score sheets, means, ranks and bands: exact arithmetic without database, network or clock."""
