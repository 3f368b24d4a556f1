#!/usr/bin/env python3
"""Watches one ConfigMap over WebSocket: prints the type of each event, closes after as many as wanted.

usage: watch_messages.py PORT TOKEN NAME COUNT
"""

import json
import sys
import time

import wire


def frames(text):
    """The complete messages at the front and what is left."""
    while len(text) >= 2:
        length, at = text[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(text[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(text[2:10], "big"), 10
        if len(text) < at + length:
            return
        yield text[0] & 0x0F, text[at : at + length]
        text = text[at + length :]


def main():
    port, token, name, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    connection = wire.Connection(port)
    connection.send(
        f"GET /api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3D{name} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    connection.wait(lambda text: b"\r\n\r\n" in text)
    assert connection.received.startswith(b"HTTP/1.1 101 "), connection.received[:200]
    head = connection.received.index(b"\r\n\r\n") + 4
    told = 0
    end = time.monotonic() + 20
    while told < count and time.monotonic() < end:
        connection.wait(lambda text: len(list(frames(text[head:]))) > told, seconds=1)
        for opcode, payload in list(frames(connection.received[head:]))[told:]:
            assert opcode == 1, opcode
            print(json.loads(payload)["type"], flush=True)
            told += 1
    connection.send(b"\x88\x82\x00\x00\x00\x00\x03\xe8")  # close, 1000
    connection.wait(lambda text: False, seconds=5)
    last = list(frames(connection.received[head:]))[-1]
    return 0 if connection.closed and last == (8, b"\x03\xe8") else 1


sys.exit(main())
