"""The models: arrays in, arrays out."""
