"""The 13 audio features: schema and ranges, sources, matching, batches."""
