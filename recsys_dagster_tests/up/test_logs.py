from pathlib import Path

from recsys_dagster.up.logs import appended, cut, last_line


def test_a_large_log_begins_anew_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "app.log"
    for round_ in range(3):
        with appended(log) as writer:
            writer.write(b"x" * 90 + b"\n")
            writer.flush()
            cut(log, most=150)
            writer.write(f"after {round_}\n".encode())
    large = "x" * 90 + "\n"
    assert log.read_text() == "after 1\n" + large + "after 2\n"
    assert log.with_name("app.log.1").read_text() == large + "after 0\n" + large


def test_a_log_that_is_gone_or_empty_harms_nobody(tmp_path: Path) -> None:
    cut(tmp_path / "none.log", most=0)
    assert last_line(tmp_path / "none.log") == ""
    (tmp_path / "empty.log").write_bytes(b"\n \n")
    assert last_line(tmp_path / "empty.log") == ""


def test_the_last_line_is_shown_also_where_it_is_broken(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"a\n" * 5_000 + b"b\xff" * 200 + b"ValueError: no\xff\n\n")
    assert last_line(log).endswith("ValueError: no\N{REPLACEMENT CHARACTER}")
    assert len(last_line(log)) <= 300
