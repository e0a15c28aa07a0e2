import socket

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.up import hosts

EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a moment


@pytest.mark.parametrize(
    ("host", "address", "alone"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", True),
        ("::1", "http://[::1]:80", True),
        ("localhost", "http://localhost:80", True),
        (EVERYWHERE, "http://127.0.0.1:80", False),
        ("::", "http://[::1]:80", False),
        ("192.0.2.7", "http://192.0.2.7:80", False),
        ("music.example", "http://music.example:80", False),
    ],
)
def test_where_a_server_is_found(host: str, address: str, alone: bool) -> None:
    assert hosts.address(host, 80) == address
    assert hosts.is_loopback(host) is alone


@pytest.mark.parametrize("host", ["127.0.0.1", EVERYWHERE, "::1", "::"])
def test_a_server_is_seen_wherever_it_listens(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        port = server.getsockname()[1]
        assert not hosts.answers(host, port)
        server.listen()
        assert hosts.answers(host, port)
        with pytest.raises(RecsysError, match=f"^Port {port} is taken already. Choose"):
            hosts.refuse_unusable(host, port, "Choose.")
    hosts.refuse_unusable(host, port, "Choose.")


@pytest.mark.parametrize("host", ["192.0.2.7", "no host at all"])
def test_an_address_of_somebody_else_is_refused_in_words(host: str) -> None:
    with pytest.raises(RecsysError, match=f"Nothing can listen on port 8501 of {host}: .*--host"):
        hosts.refuse_unusable(host, 8501, "")
