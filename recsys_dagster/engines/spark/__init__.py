"""Apache Spark as an engine; nothing here is imported unless RECSYS_ENGINE is spark."""
