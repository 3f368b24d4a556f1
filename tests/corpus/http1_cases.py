"""HTTP/1.1 that two servers could read in two ways, or that no server should read at all."""

from corpus import MAPS, Raw

# What a request smuggled behind another would do: it is checked that nothing of the name was stored.
SMUGGLED = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"smuggled"}}'


def hidden(auth):
    return b"POST " + MAPS.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + auth + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED


def head(auth, *lines, method=b"POST", path=MAPS.encode(), version=b"HTTP/1.1"):
    return method + b" " + path + b" " + version + b"\r\nHost: a\r\nContent-Type: application/json\r\n" + auth + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def framing(auth):
    end = b"0\r\n\r\n"
    both = [(b"Content-Length: 4", b"Transfer-Encoding: chunked"), (b"Transfer-Encoding: chunked", b"Content-Length: 4"), (b"Content-Length: 0", b"Transfer-Encoding: chunked"), (b"transfer-encoding: chunked", b"content-length: 99999999999"),
            (b"Content-Length: 4", b"Transfer-Encoding: identity"), (b"Content-Length: 4", b"Transfer-Encoding: gzip")]
    for lines in both:
        yield Raw(f"CL and TE {lines}", [head(auth, *lines) + end + hidden(auth)])
    lengths = ["1,2", "1, 1", "-1", "+5", "0x5", "5 5", "5;", "", " ", "5.0", "5e1", "99999999999999999999", "18446744073709551616", "18446744073709551621", "9223372036854775808", "a", "\x0b5", "5\x00", "٥", "5,", ",5", "infinity"]
    for length in lengths:
        yield Raw(f"Content-Length {length!r}", [head(auth, b"Content-Length: " + length.encode()) + b"abcde" + hidden(auth)], codes=(400, 413))
    for first, second in ((b"5", b"6"), (b"5", b"5"), (b"0", b"5"), (b"5", b"0"), (b"5", b"x"), (b"", b"5")):
        yield Raw(f"two lengths {first} {second}", [head(auth, b"Content-Length: " + first, b"Content-Length: " + second) + b"abcde" + hidden(auth)])
        yield Raw(f"two lengths in other cases {first} {second}", [head(auth, b"content-length: " + first, b"CONTENT-LENGTH: " + second) + b"abcde" + hidden(auth)])
    for encoding in (b"chunked, x", b"x, chunked", b"chunked, chunked", b"chunked;q=1", b"xchunked", b"chunked x", b"\x0bchunked", b"identity", b"gzip", b"gzip, chunked", b"deflate", b"", b"chunke", b"chunked,", b",chunked", b'"chunked"', b"chunked\x00", b"CHUNKED, identity", b"cow"):
        yield Raw(f"Transfer-Encoding {encoding}", [head(auth, b"Transfer-Encoding: " + encoding) + end + hidden(auth)])
    for line in (b"Transfer-Encoding : chunked", b" Transfer-Encoding: chunked", b"Transfer-Encoding\t: chunked", b"Transfer_Encoding: chunked\r\nTransfer-Encoding : x", b"X: y\rTransfer-Encoding: chunked", b"X: y\nTransfer-Encoding : chunked", b"Content-Length : 5", b"Content-Length\x00: 5", b"\x0bContent-Length: 5",
                 b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-\r\nEncoding: chunked"):
        yield Raw(f"line {line}", [head(auth, line) + end + hidden(auth)])
    yield Raw("chunked in HTTP/1.0", [head(auth, b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + end + hidden(auth)])


def chunks(auth):
    start = head(auth, b"Transfer-Encoding: chunked")
    sizes = ["-1", "-0", "+1", "0x1", "x", "g", "", " ", " 1", "1 1", "10000000000000000", "FFFFFFFFFFFFFFFF", "ffffffffffffffffff", "1\x00", "1\x0b", "１", "1\r", "\r", "1,", "1.0", ":1", "@", "0" * 20_000 + "1"]
    for size in sizes:
        yield Raw(f"chunk size {size[:20]!r}", [start + size.encode() + b"\r\nabcde\r\n0\r\n\r\n" + hidden(auth)])
    for name, text in (("bare LF after the size", b"5\nabcde\r\n0\r\n\r\n"), ("bare LF after the data", b"5\r\nabcde\n0\r\n\r\n"), ("no line end after the data", b"5\r\nabcde0\r\n\r\n"), ("more data than said", b"3\r\nabcde\r\n0\r\n\r\n"), ("CR in the line", b"5\r\r\nabcde\r\n0\r\n\r\n"),
                       ("an endless extension", b"5;" + b"a" * 100_000), ("an endless size", b"0" * 100_000), ("an extension with a line", b"5;a\nb\r\nabcde\r\n0\r\n\r\n")):
        yield Raw(name, [start + text + hidden(auth)])
    yield Raw("endless trailers", [start + b"0\r\n" + b"a: b\r\n" * 20_000], codes=(400, 431), closes=True)
    yield Raw("one endless trailer", [start + b"0\r\n" + b"a: " + b"b" * 200_000], codes=(400, 431), closes=True)
    yield Raw("a body in chunks over the limit", [start] + [b"100000\r\n" + bytes(1_048_576) + b"\r\n"] * 8, codes=(413,))
    yield Raw("an endless body in chunks", [start] + [b"100000\r\n" + b"x" * 1_048_576 + b"\r\n"] * 32, codes=(413,), closes=True)


def lines(auth):
    get = b"GET /version HTTP/1.1\r\n"
    for name, text in (
        ("bare LF everywhere", b"GET /version HTTP/1.1\nHost: a\n\n"), ("bare LF after the first line", b"GET /version HTTP/1.1\nHost: a\r\n\r\n"), ("bare LF after a header", get + b"Host: a\nX: y\r\n\r\n"), ("bare LF at the end", get + b"Host: a\r\n\n"), ("bare CR in a value", get + b"Host: a\r\nX: a\rb\r\n\r\n"),
        ("folded line", get + b"Host: a\r\nX: a\r\n b\r\n\r\n"), ("folded by a tab", get + b"Host: a\r\nX: a\r\n\tb\r\n\r\n"), ("folded host", get + b"Host: a\r\n b\r\n\r\n"), ("folded first", get + b" X: a\r\nHost: a\r\n\r\n"), ("no host", get + b"X: a\r\n\r\n"), ("two hosts", get + b"Host: a\r\nHost: b\r\n\r\n"),
        ("same host twice", get + b"Host: a\r\nHost: a\r\n\r\n"), ("no colon", get + b"Host: a\r\nNocolon\r\n\r\n"), ("empty name", get + b"Host: a\r\n: x\r\n\r\n"), ("space in a name", get + b"Host: a\r\nX Y: z\r\n\r\n"), ("space before the colon", get + b"Host : a\r\n\r\n"),
        ("absolute form", b"GET http://a/version HTTP/1.1\r\nHost: a\r\n\r\n"), ("absolute form to another", b"GET https://evil.example.com/version HTTP/1.1\r\nHost: a\r\n\r\n"), ("authority form", b"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n"), ("no slash", b"GET version HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"), ("two spaces", b"GET  /version HTTP/1.1\r\nHost: a\r\n\r\n"), ("tab", b"GET\t/version HTTP/1.1\r\nHost: a\r\n\r\n"), ("space in the target", b"GET /ver sion HTTP/1.1\r\nHost: a\r\n\r\n"), ("fragment only", b"GET # HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("version 9.9", b"GET /version HTTP/9.9\r\nHost: a\r\n\r\n"), ("version 2.0", b"GET /version HTTP/2.0\r\nHost: a\r\n\r\n"), ("version 1.2", b"GET /version HTTP/1.2\r\nHost: a\r\n\r\n"), ("version 1", b"GET /version HTTP/1\r\nHost: a\r\n\r\n"), ("version 1.10", b"GET /version HTTP/1.10\r\nHost: a\r\n\r\n"), ("version 0.9", b"GET /version\r\n\r\n"),
        ("lower case version", b"GET /version http/1.1\r\nHost: a\r\n\r\n"), ("version FTP", b"GET /version FTP/1.1\r\nHost: a\r\n\r\n"), ("space at the end", b"GET /version HTTP/1.1 \r\nHost: a\r\n\r\n"), ("method with a bracket", b"G(T /version HTTP/1.1\r\nHost: a\r\n\r\n"), ("method with a zero", b"G\0T /version HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no method", b" /version HTTP/1.1\r\nHost: a\r\n\r\n"), ("binary", bytes(range(128, 256)) * 4 + b"\r\n\r\n"), ("TLS within TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)), ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("SSH", b"SSH-2.0-OpenSSH_9.0\r\n"), ("garbage line", b"NONSENSE\r\n\r\n"),
        ("only spaces", b"   \r\n\r\n"), ("path with a zero", b"GET /ver\0sion HTTP/1.1\r\nHost: a\r\n\r\n"), ("path with a control", b"GET /ver\x01sion HTTP/1.1\r\nHost: a\r\n\r\n"), ("path with DEL", b"GET /ver\x7fsion HTTP/1.1\r\nHost: a\r\n\r\n"), ("path with CR", b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n"),
    ):
        yield Raw(name, [text + hidden(auth)], closes=True)
    for code in [*range(0, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]:
        yield Raw(f"control {code:02x} in a value", [get + b"Host: a\r\nX: a" + bytes([code]) + b"b\r\n\r\n" + hidden(auth)])
    for code in [*range(0, 0x21), *b'"(),/:;<=>?@[\\]{}', 0x7F, 0x80, 0xFF]:
        if code != 0x3A:
            yield Raw(f"{code:02x} in a name", [get + b"Host: a\r\nX" + bytes([code]) + b"Y: a\r\n\r\n" + hidden(auth)], closes=code in (10, 13))
    for code in [*range(0, 0x21), *b'"(),/:;<=>?@[\\]{}', 0x7F, 0x80, 0xFF]:
        if code not in (0x20, 0x0A, 0x0D):
            yield Raw(f"{code:02x} in a method", [b"G" + bytes([code]) + b"T /version HTTP/1.1\r\nHost: a\r\n\r\n" + hidden(auth)])


def sizes(auth):
    get = b"GET /version HTTP/1.1\r\nHost: a\r\n"
    for count in (201, 1_000, 10_000):
        yield Raw(f"{count} headers", [get + b"".join(b"x%d: y\r\n" % i for i in range(count)) + b"\r\n"], codes=(431,))
    for size in (16_385, 20_000, 100_000, 1_000_000):
        yield Raw(f"a header of {size}", [get + b"X: " + b"y" * size + b"\r\n\r\n"], codes=(431,))
        yield Raw(f"a header name of {size}", [get + b"X" * size + b": y\r\n\r\n"], codes=(431,))
        yield Raw(f"a path of {size}", [b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n"], codes=(414, 431))
        yield Raw(f"a method of {size}", [b"G" * size + b" / HTTP/1.1\r\nHost: a\r\n\r\n"], codes=(400, 431))
        yield Raw(f"a header of {size} without an end", [get + b"X: " + b"y" * size], codes=(431,))
        yield Raw(f"first line of {size} without an end", [b"GET /" + b"a" * size], codes=(414, 431))
    yield Raw("a thousand pipelined unknowns", [b"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n" * 1000 + b"X\r\n\r\n"], codes=(401, 404), answers=1001)
    yield Raw("empty lines without an end", [b"\r\n" * 100_000 + b"X\r\n\r\n"], closes=True)
    for announced in (3 * 1024 * 1024 + 1, 10**9, 10**18):
        yield Raw(f"{announced} bytes announced", [head(auth, b"Content-Length: %d" % announced)], codes=(413,))
        yield Raw(f"{announced} bytes expected", [head(auth, b"Content-Length: %d" % announced, b"Expect: 100-continue")], codes=(413,))
    for expectation in (b"200-ok", b"x", b"100-continue, x"):
        yield Raw(f"expects {expectation}", [head(auth, b"Content-Length: 2", b"Expect: " + expectation) + b"[]"], codes=(400, 417), must_close=False)
    yield Raw("shorter than its length and gone", [head(auth, b"Content-Length: 100") + b"{}", None], codes=(), closes=True)
    yield Raw("half a request and gone", [b"GET /ver", None], codes=(), closes=True)
    yield Raw("longer than its length", [head(auth, b"Content-Length: 2") + b"[]" + b"GARBAGE\r\n\r\n"], answers=2, must_close=True)


def upgrades(auth):
    def ask(*lines, method=b"GET", path=MAPS.encode() + b"?watch=1"):
        return method + b" " + path + b" HTTP/1.1\r\nHost: a\r\n" + auth + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    good = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    for i, wrong in ((2, b"Sec-WebSocket-Version: 8"), (2, b"Sec-WebSocket-Version: 130"), (2, b"Sec-WebSocket-Version:"), (3, b"Sec-WebSocket-Key: short"), (3, b"Sec-WebSocket-Key:"), (3, b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q=="), (3, b"X: y")):
        yield Raw(f"handshake with {wrong}", [ask(*good[:i], wrong, *good[i + 1 :])], must_close=False)
    opened = ask(*good)
    frames = {
        "unmasked": b"\x81\x01x", "reserved bits": b"\xc1\x81abcd\x19", "opcode 3": b"\x83\x81abcd\x19", "opcode 15": b"\x8f\x81abcd\x19", "continuation of nothing": b"\x80\x81abcd\x19", "fragmented ping": b"\x09\x81abcd\x19", "long ping": b"\x89\xfe\x00\x7eabcd" + bytes(126),
        "2^63": b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00abcd", "2^62": b"\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00abcd", "over the limit": b"\x82\xfe\x20\x00abcd", "length not shortest": b"\x82\xfe\x00\x01abcdx", "text that is none": b"\x81\x82abcd\x9e\x9d", "half a close": b"\x88\x81abcd\x19", "close 1005": b"\x88\x82abcd\x62\x8f",
    }
    for name, frame in frames.items():
        yield Raw(f"frame: {name}", [opened, frame * 3], codes=(101,), answers=1)


def cases(auth):
    for group in (framing, chunks, lines, sizes, upgrades):
        yield from group(auth)
