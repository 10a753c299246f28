"""What every HTTP door shares: who is asking, whether they may, how errors look, which headers go out."""
