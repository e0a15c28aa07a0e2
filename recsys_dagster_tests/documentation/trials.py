"""How each command of the pages is tried where it is not run, and why it is not."""

NOT_RUN = {
    # of recsys: parsed by the command itself
    "recsys up": "starts servers; test_up starts them",
    "recsys fetch": "asks services; test_fetch_cli does, with servers of its own",
    "RECSYS_AUTOMATION=on recsys up": "starts servers; defs/test_automation does",
    "RECSYS_ENGINE=spark": "takes a cluster; engines/spark has tests with one",
    "recsys run --full": "learns everything anew; test_relearning does",
    "recsys demo --users 2000": "two million listens; a smaller world is made here",
    # of ours in Python: the arguments are parsed by the program itself
    "python benchmarks/": "measures, for minutes or hours",
    "python -m recsys_dagster_tests.": "tries for minutes or hours; tests run small forms",
    # tools: what they name of ours has to exist
    "pytest": "runs these tests",
    "coverage": "measures what these tests run",
    "python3 -m pip install uv": "installs, from the index",
    "uv sync": "installs, from the index",
    "uv lock": "asks the index",
    "uv build": "test_package builds both",
    "uv audit": "asks a service; .ci/audit does",
    "ruff": "in .ci/run",
    "mypy": "in .ci/run",
    "lint-imports": "in .ci/run",
    "sphinx-build": "in .ci/run",
    ".ci/run": "is what runs these tests",
    ".ci/audit": "in .ci/run",
    "dagster dev": "starts servers",
    "DAGSTER_HOME=$PWD/data/dagster dagster dev": "starts servers",
    # a server's: takes root, a clone, systemd, Docker or a host
    "ssh": "takes a host",
    "git clone": "takes a repository",
    "python3 -m venv": "makes an environment",
    "/opt/recsys": "of a block that takes root",
    "UV_PYTHON_DOWNLOADS=never /opt/recsys": "of a block that takes root",
    "cp deploy/": "takes root",
    "systemd-sysusers": "takes root",
    "install": "takes root",
    "systemctl": "takes root and systemd",
    "journalctl": "takes systemd",
    "systemd-run": "takes root and systemd",
    "docker": "takes Docker",
    "createuser": "takes PostgreSQL and its user",
    "createdb": "takes PostgreSQL and its user",
    "export": "of a block that takes a database",
}
"""By how the command begins."""

BY_HAND = ("cp ../.env.example", "chmod 600 recsys.env", "sed -i")
"""Run by a test of their own, in a copy of what they touch."""

SAID = {
    "Radiohead - Creep": "song 0",
    "Portishead - Roads": "song 1",
    "Blur - Song 2": "song 2",
    "Pulp - Common People": "song 3",
    "SONG": "song 4",
    "Oasis": "artist",
    "WORDS": "words",
    "NAME": "listener",
    "anna": "listener",
    "ID": "older release",
    "PATH": "history",
    "Last.fm_data.csv": "history",
    "song_audio_features.csv": "catalogue",
}
"""What stands in the pages for something of the reader's own: what the small world has for it."""

NUMBERS = {"N": "1", "S": "1"}
