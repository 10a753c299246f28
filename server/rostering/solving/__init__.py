"""Which worker gets which visit: the cheapest choice under all rules that bind several visits together."""
