"""The commands of `recsys`, a module each, and what they share."""
