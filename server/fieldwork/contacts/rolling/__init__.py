"""Rolling waves: every night a few of yesterday's customers are asked about yesterday."""
