"""A client that can say anything, over TLS."""

import select
import socket
import ssl
import time

PATIENCE_S = 5


def context(*protocols):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


PLAIN = context()
HTTP2 = context("h2")


class Connection:
    def __init__(self, port, tls=PLAIN):
        self.socket = tls.wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""
        self.closed = False

    def close(self):
        self.socket.close()

    def end_output(self):
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def take(self):
        """What has arrived; notes the end."""
        try:
            while True:
                piece = self.socket.recv(65_536)
                if not piece:
                    self.closed = True
                    return
                self.received += piece
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self.closed = True

    def send(self, data):
        """Sends while it reads; gives up when the other side has closed."""
        view = memoryview(data)
        end = time.monotonic() + PATIENCE_S
        while view and not self.closed and time.monotonic() < end:
            try:
                view = view[self.socket.send(view[:65_536]) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                select.select([self.socket], [self.socket], [], 0.2)
            except OSError:
                self.take()
                self.closed = True
            self.take()

    def wait(self, done, seconds=PATIENCE_S):
        """Reads until `done(received)` or the end."""
        end = time.monotonic() + seconds
        while not self.closed and not done(self.received):
            left = end - time.monotonic()
            if left <= 0:
                return
            select.select([self.socket], [], [], left)
            self.take()


def split_answers(text):
    """The complete HTTP/1.1 answers at the front of what was received: (code, headers, body)."""
    answers = []
    while True:
        end = text.find(b"\r\n\r\n")
        if not text.startswith(b"HTTP/1.1 ") or end < 0:
            return answers
        lines = text[:end].split(b"\r\n")
        code = int(lines[0].split(b" ")[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        body = text[end + 4 :]
        if code == 100:
            text = body
            continue
        if code == 101:
            answers.append((code, headers, body))
            return answers
        if headers.get("transfer-encoding") == "chunked":
            whole, rest = unchunk(body)
            if whole is None:
                return answers
            answers.append((code, headers, whole))
            text = rest
            continue
        length = int(headers.get("content-length", "0"))
        if len(body) < length:
            return answers
        answers.append((code, headers, body[:length]))
        text = body[length:]


def unchunk(body):
    whole = b""
    while True:
        end = body.find(b"\r\n")
        if end < 0:
            return None, b""
        size = int(body[:end], 16)
        if len(body) < end + 2 + size + 2:
            return None, b""
        whole += body[end + 2 : end + 2 + size]
        body = body[end + 4 + size :]
        if size == 0:
            return whole, body


def frames(text):
    """The complete HTTP/2 frames of what was received: (type, flags, stream, payload)."""
    while len(text) >= 9:
        length = int.from_bytes(text[:3], "big")
        if len(text) < 9 + length:
            return
        yield text[3], text[4], int.from_bytes(text[5:9], "big") & 0x7FFFFFFF, text[9 : 9 + length]
        text = text[9 + length :]


STATIC_STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5", "011100": "6", "011101": "7", "011110": "8", "011111": "9"}


def status_of(block):
    """The :status that begins a block of headers, as nghttp2 writes it."""
    while block and block[0] & 0xE0 == 0x20:  # a change of the table's size
        block = block[1 + (block[0] == 0x3F) * 3 :]
    if block[0] in STATIC_STATUS:
        return STATIC_STATUS[block[0]]
    if block[0] not in (0x48, 0x08, 0x18):
        return None
    length = block[1] & 0x7F
    if not block[1] & 0x80:
        return int(block[2 : 2 + length])
    bits = "".join(f"{byte:08b}" for byte in block[2 : 2 + length])
    text = ""
    while len(text) < 3:
        for code, digit in DIGITS.items():
            if bits.startswith(code):
                text += digit
                bits = bits[len(code) :]
                break
    return int(text)
