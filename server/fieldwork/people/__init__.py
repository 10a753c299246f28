"""People who work with the system: their roles, deputies, qualifications, and how they come and go."""
