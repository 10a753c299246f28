"""The demo's invented world: a city bank, its customers, their answers, a shopper's photos.

The generators are pure and seeded: the same seed and day give the same bytes on every machine. `loading`
sends what they make through the same imports, draws and intake as real data.
"""
