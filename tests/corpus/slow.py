"""Clients that take their time, beside all others."""

import socket
import ssl
import threading
import time

import wire

HEADER_LIMIT_S = 10
# The server looks once a second, and the machine may be busy.
ALLOWANCE_S = 5
DRIP_S = 1.0


class SlowClient:
    """Sends its first bytes, then drips one at a time. `should_end`: within the time for headers."""

    def __init__(self, name, port, first, drip=b"", tls=wire.PLAIN, plain=False):
        self.name = name
        self.drip = drip
        self.socket = socket.create_connection(("127.0.0.1", port))
        if not plain:
            self.socket = tls.wrap_socket(self.socket)
        self.socket.settimeout(PATIENCE_S)
        if first:
            self.socket.sendall(first)
        self.started = time.monotonic()
        self.ended = None

    def live(self):
        self.socket.settimeout(DRIP_S)
        while time.monotonic() - self.started < HEADER_LIMIT_S + ALLOWANCE_S:
            try:
                if not self.socket.recv(4096):
                    break
            except (TimeoutError, ssl.SSLWantReadError):
                pass
            except OSError:
                break
            try:
                if self.drip:
                    self.socket.sendall(self.drip)
            except OSError:
                break
        else:
            return
        self.ended = time.monotonic() - self.started


PATIENCE_S = 5


class SlowClients:
    """Forty that never finish a head, which must be gone in time, and five hundred that are idle, which may stay."""

    def __init__(self, port, auth):
        self.clients = []
        heads = [b"G", b"GET", b"GET /version", b"GET /version HTTP/1.1", b"GET /version HTTP/1.1\r\n", b"GET /version HTTP/1.1\r\nHost: a", b"GET /version HTTP/1.1\r\nHost: a\r\n", b"GET /version HTTP/1.1\r\nHost: a\r\n\r",
                 b"POST /api/v1/pods HTTP/1.1\r\nHost: a\r\n" + auth]
        for head in heads:
            for drip in (b"", b"x", b"x: y\r\n"):
                if not (head.endswith(b"\r") and drip):
                    self.clients.append(SlowClient(f"{head[-20:]!r} then {drip!r} each second", port, head, drip))
        for first, drip in ((b"", b""), (b"\x16", b""), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00"), (b"\x16\x03\x01\x02\x00", b"\x01")):
            self.clients.append(SlowClient(f"handshake {first!r}", port, first, drip, plain=True))
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        headers = (3).to_bytes(3, "big") + bytes([1, 0, 0, 0, 0, 1]) + b"\x82\x87\x84"
        for name, first, drip in (("no preface", b"", b""), ("half a preface", preface[:10], b""), ("a preface alone", preface, b""), ("half a settings frame", preface + b"\x00\x00\x00\x04", b""),
                                  ("headers without an end", preface + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + headers, b"")):
            self.clients.append(SlowClient("http2 " + name, port, first, drip, tls=wire.HTTP2))
        self.idle = [wire.Connection(port) for _ in range(500)]
        self.threads = [threading.Thread(target=client.live, daemon=True) for client in self.clients]
        for thread in self.threads:
            thread.start()
        self.count = len(self.clients)

    def judge(self):
        """What went wrong with them; waits until their time is over."""
        for thread in self.threads:
            thread.join()
        failures = [f"slow client is kept: {client.name}" for client in self.clients if client.ended is None]
        failures += [f"slow client is cut off after {client.ended:.1f} s: {client.name}" for client in self.clients if client.ended is not None and not client.drip and client.ended < HEADER_LIMIT_S - 2]
        lost = 0
        for connection in self.idle:
            connection.take()
            lost += connection.closed
            connection.close()
        if lost:
            failures.append(f"{lost} idle connections were closed early")
        return failures
