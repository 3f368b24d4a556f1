"""HTTP/2 in raw frames: broken, endless, or both."""

from corpus import MAPS, Http2

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(type, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([type, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    def text(value):
        if len(value) < 127:
            return bytes([len(value)]) + value
        rest, out = len(value) - 127, b"\x7f"
        while rest >= 128:
            out += bytes([rest % 128 + 128])
            rest //= 128
        return out + bytes([rest]) + value

    return b"\x00" + text(name) + text(value)


def block(method=b"GET", path=b"/version", *more):
    return literal(b":method", method) + literal(b":scheme", b"https") + literal(b":authority", b"a") + literal(b":path", path) + b"".join(literal(*each) for each in more)


def ids(count):
    return range(1, 2 * count, 2)


def connection_errors():
    get = block()
    yield "settings of five bytes", [frame(SETTINGS, 0, 0, bytes(5))]
    yield "settings on a stream", [frame(SETTINGS, 0, 1, bytes(6))]
    yield "settings acknowledged with a payload", [frame(SETTINGS, 1, 0, bytes(6))]
    for key, value in ((2, 2), (2, 0xFFFFFFFF), (4, 0x80000000), (4, 0xFFFFFFFF), (5, 0), (5, 16_383), (5, 0x1000000), (8, 2)):
        yield f"setting {key} of {value}", [frame(SETTINGS, 0, 0, key.to_bytes(2, "big") + value.to_bytes(4, "big"))]
    yield "a hundred settings in one frame", [frame(SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x01" * 100)]
    yield "ping of seven bytes", [frame(PING, 0, 0, bytes(7))]
    yield "ping on a stream", [frame(PING, 0, 1, bytes(8))]
    yield "data for the connection", [frame(DATA, 0, 0, b"x")]
    yield "data on an idle stream", [frame(DATA, 0, 5, b"x")]
    yield "headers for the connection", [frame(HEADERS, END_HEADERS, 0, get)]
    yield "headers on a stream of the server's", [frame(HEADERS, END_HEADERS | END_STREAM, 2, get)]
    yield "reset of the connection", [frame(RST, 0, 0, bytes(4))]
    yield "reset of an idle stream", [frame(RST, 0, 7, bytes(4))]
    yield "reset of three bytes", [frame(HEADERS, END_HEADERS, 1, get), frame(RST, 0, 1, bytes(3))]
    yield "window of an idle stream", [frame(WINDOW, 0, 9, b"\0\0\0\x01")]
    yield "window of three bytes", [frame(WINDOW, 0, 0, bytes(3))]
    yield "window grows by nothing", [frame(WINDOW, 0, 0, bytes(4))]
    yield "window grows past 2^31", [frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"), frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff")]
    yield "push by a client", [frame(PUSH, END_HEADERS, 1, b"\0\0\0\x02" + get)]
    yield "goaway on a stream", [frame(GOAWAY, 0, 1, bytes(8))]
    yield "goaway of seven bytes", [frame(GOAWAY, 0, 0, bytes(7))]
    yield "continuation of nothing", [frame(CONTINUATION, END_HEADERS, 1, get)]
    yield "continuation of another stream", [frame(HEADERS, 0, 1, get), frame(CONTINUATION, END_HEADERS, 3, get)]
    yield "data within headers", [frame(HEADERS, 0, 1, get), frame(DATA, 0, 1, b"x")]
    yield "ping within headers", [frame(HEADERS, 0, 1, get), frame(PING, 0, 0, bytes(8))]
    yield "padding longer than the frame", [frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + get)]
    yield "data padding longer than the frame", [frame(HEADERS, END_HEADERS, 1, get), frame(DATA, PADDED, 1, b"\xffx")]
    yield "a frame larger than agreed", [(20_000).to_bytes(3, "big") + bytes([DATA, 0, 0, 0, 0, 1]) + bytes(20_000)]
    yield "a frame of 16 MiB", [b"\xff\xff\xff" + bytes([HEADERS, 0, 0, 0, 0, 1]) + bytes(50_000)]
    yield "a table entry that is none", [frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\x0f")]
    yield "table entry zero", [frame(HEADERS, END_HEADERS, 1, b"\x80")]
    yield "a length that overflows", [frame(HEADERS, END_HEADERS, 1, b"\x00\x7f" + b"\xff" * 20)]
    yield "broken Huffman", [frame(HEADERS, END_HEADERS, 1, b"\x00\x84\xff\xff\xff\xff\x01a")]
    yield "a table grown beyond the limit", [frame(HEADERS, END_HEADERS, 1, b"\x3f\xe1\xff\x03" + get)]
    yield "a block that ends in a length", [frame(HEADERS, END_HEADERS, 1, b"\x00\x05a")]
    yield "HTTP/1.1 after the preface", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]
    yield "garbage after the preface", [bytes(range(256)) * 40]
    yield "frames behind a frame that ended it", [frame(SETTINGS, 0, 0, bytes(5)) + frame(HEADERS, END_HEADERS | END_STREAM, 1, get) * 100, frame(PING, 0, 0, bytes(3)) * 100]


def floods(auth):
    get = block(b"GET", b"/version")
    listing = block(b"GET", MAPS.encode(), (b"authorization", auth))
    yield "rapid reset", [b"".join(frame(HEADERS, END_HEADERS | END_STREAM, i, get) + frame(RST, 0, i, b"\0\0\0\x08") for i in ids(6_000))]
    yield "rapid reset of lists", [b"".join(frame(HEADERS, END_HEADERS | END_STREAM, i, listing) + frame(RST, 0, i, b"\0\0\0\x08") for i in ids(3_000))]
    yield "rapid reset, one at a time", [frame(HEADERS, END_HEADERS | END_STREAM, i, listing) + frame(RST, 0, i, b"\0\0\0\x08") for i in ids(1_200)]
    yield "resets by a broken window", [b"".join(frame(HEADERS, END_HEADERS, i, get) + frame(WINDOW, 0, i, bytes(4)) for i in ids(3_000))]
    yield "pings", [frame(PING, 0, 0, bytes(8)) * 20_000]
    yield "settings", [frame(SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x64") * 20_000]
    yield "empty settings", [frame(SETTINGS) * 20_000]
    yield "window updates", [frame(WINDOW, 0, 0, b"\0\0\0\x01") * 40_000]
    yield "priorities", [frame(PRIORITY, 0, 1, b"\0\0\0\x03\x10") * 40_000]
    yield "priorities in a ring", [b"".join(frame(PRIORITY, 0, i, (i + 2).to_bytes(4, "big") + b"\x10") for i in ids(20_000))]
    yield "empty data", [frame(HEADERS, END_HEADERS, 1, block(b"POST", MAPS.encode(), (b"authorization", auth))), frame(DATA, 0, 1) * 20_000]
    yield "padded empty data", [frame(HEADERS, END_HEADERS, 1, block(b"POST", MAPS.encode(), (b"authorization", auth))), frame(DATA, PADDED, 1, b"\x00") * 40_000]
    yield "continuations", [frame(HEADERS, END_STREAM, 1, get)] + [frame(CONTINUATION, 0, 1, literal(b"a", b"b") * 10) * 100] * 100
    yield "empty continuations", [frame(HEADERS, END_STREAM, 1, get), frame(CONTINUATION, 0, 1) * 40_000]
    yield "malformed requests", [b"".join(frame(HEADERS, END_HEADERS | END_STREAM, i, b"\x82") for i in ids(2_000))]
    yield "refused identities", [frame(HEADERS, END_HEADERS | END_STREAM, i, block(b"GET", MAPS.encode())) for i in ids(3_000)]


def streams(auth):
    def one(name, *more, method=b"GET", path=b"/version", raw=None, ends=("reset", 400, "goaway"), flags=END_HEADERS | END_STREAM, after=()):
        text = raw if raw is not None else block(method, path, *more)
        return Http2(name, [frame(HEADERS, flags, 1, text), *after], ends)

    yield one("no path", raw=literal(b":method", b"GET") + literal(b":scheme", b"https"))
    yield one("no method", raw=literal(b":path", b"/") + literal(b":scheme", b"https"))
    yield one("no scheme", raw=literal(b":method", b"GET") + literal(b":path", b"/"))
    yield one("two paths", (b":path", b"/api"))
    yield one("a pseudo-header behind others", (b"a", b"b"), (b":authority", b"x"))
    yield one("a pseudo-header of answers", (b":status", b"200"))
    yield one("an unknown pseudo-header", (b":nope", b"x"))
    for name, value in ((b"connection", b"close"), (b"keep-alive", b"x"), (b"proxy-connection", b"x"), (b"transfer-encoding", b"chunked"), (b"upgrade", b"websocket"), (b"te", b"gzip"), (b"Upper", b"x"), (b"", b"x"), (b"a b", b"x"), (b"a:b", b"x"), (b"a\x00", b"x"), (b"a\r\nb", b"x"), (b"x", b"a\x00b"), (b"x", b"a\r\nb: c"), (b"x", b"a\nb"), (b"x", b"a\x01b"), (b"content-length", b"5"), (b"content-length", b"-1"), (b"content-length", b"x"), (b"content-length", b"99999999999999999999")):
        yield one(f"{name} {value}", (name, value))
    yield one("an empty path", path=b"")
    for path in (b"version", b"http://a/version", b"*", b"\x00", b"/a\x00b", b"/a b", b"/a\r\nb"):
        yield one(f"path {path}", path=path, ends=("reset", "goaway", 400, 401, 403, 404, 405))
    for method in (b"", b"G T", b"G\x00T", b"CONNECT"):
        yield one(f"method {method}", method=method, ends=("reset", "goaway", 400, 401, 403, 404, 405))
    for count, size in ((300, 10), (1_000, 1), (20, 1_000), (2, 9_000), (1, 15_000)):
        text = block(b"GET", b"/version", *((b"x%d" % i, b"v" * size) for i in range(count)))
        pieces = [text[i : i + 16_000] for i in range(0, len(text), 16_000)]
        last = len(pieces) - 1
        frames = [frame(HEADERS if i == 0 else CONTINUATION, (END_STREAM if i == 0 else 0) | (END_HEADERS if i == last else 0), 1, piece) for i, piece in enumerate(pieces)]
        yield Http2(f"{count} headers of {size}", frames, (431, "reset", "goaway") if count * (size + 34) > 16_000 or count > 200 else (200,))
    yield Http2("a compression bomb", [frame(HEADERS, END_HEADERS | END_STREAM, 1, block() + b"\x40\x01x" + literal(b"", b"v" * 3900)[2:] + b"\xbe" * 12_000)], (431, "reset", "goaway"))
    auth_field = (b"authorization", auth)
    json_type = (b"content-type", b"application/json")
    yield one("a body shorter than its length", auth_field, json_type, (b"content-length", b"10"), method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, END_STREAM, 1, b"[]")])
    yield one("a body longer than its length", auth_field, json_type, (b"content-length", b"1"), method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, END_STREAM, 1, b"[]")])
    yield one("a broken body", auth_field, json_type, method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, END_STREAM, 1, b"{")], ends=(400,))
    yield one("a large announced body", auth_field, json_type, (b"content-length", b"4000000"), method=b"POST", path=MAPS.encode(), flags=END_HEADERS, ends=(413,))
    yield one("data after the end", auth_field, json_type, method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, END_STREAM, 1, b"[]"), frame(DATA, 0, 1, b"x")], ends=(400, "reset", "goaway"))
    yield one("trailers that are pseudo-headers", auth_field, json_type, method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, 0, 1, b"[]"), frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b":path", b"/x"))])
    yield one("headers without an end behind data", auth_field, json_type, method=b"POST", path=MAPS.encode(), flags=END_HEADERS, after=[frame(DATA, 0, 1, b"[]"), frame(HEADERS, END_HEADERS, 1, literal(b"a", b"b"))])
    yield one("no identity", method=b"GET", path=MAPS.encode(), ends=(401,))
    yield one("an upgrade to WebSocket", auth_field, (b"sec-websocket-version", b"13"), method=b"CONNECT", path=MAPS.encode(), ends=("reset", "goaway", 400, 405))
    # Harmless as long as the connection serves on.
    get = block(method=b"GET", path=b"/version")
    yield Http2("forty thousand unknown frames", [frame(0xEE, 0, 0, b"x") * 40_000, frame(HEADERS, END_HEADERS | END_STREAM, 1, get)], ("goaway", 200))
    yield Http2("stream ids that go down", [frame(HEADERS, END_HEADERS | END_STREAM, 5, get), frame(HEADERS, END_HEADERS | END_STREAM, 3, get)], ("goaway", 200))


def cases(auth):
    for name, send in connection_errors():
        yield Http2(name, send)
    for name, send in floods(auth):
        yield Http2("flood: " + name, send)
    yield from streams(auth)
