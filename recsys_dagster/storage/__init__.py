"""Where things lie: the data folder, atomic writes, stage stamps, releases."""
