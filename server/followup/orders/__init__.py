"""Orders to put things right: asked for by rule or by hand, bundled, signed for, closed by somebody else."""
