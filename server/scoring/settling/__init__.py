"""Settlement: a programme and facts give numbers, ranks, money and deeds, the same bytes each time."""
