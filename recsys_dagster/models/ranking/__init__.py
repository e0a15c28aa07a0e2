"""Models that tell wanted candidates from others by their features: arrays in, scores out."""
