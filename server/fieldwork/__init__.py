"""Planning and running: organisation and contacts, waves, draws, launches, and the links people answer by."""
