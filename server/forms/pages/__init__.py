"""From a compiled form and answers to what a page draws and what its script decides."""
