"""Where stages compute: on this machine, or on an Apache Spark cluster (RECSYS_ENGINE)."""
