"""How sending goes: campaigns in numbers, and what one person was sent."""
