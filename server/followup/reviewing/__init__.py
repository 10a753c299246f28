"""Reports are looked through by people before they count: who looks at which, and what they may decide."""
