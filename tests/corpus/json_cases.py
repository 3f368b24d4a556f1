"""Bodies that are not JSON, or not the JSON that is asked for."""

import json

from corpus import DEPLOYMENTS, MAPS, PODS, SERVICES, STRICT, Request, config_map, deployment, places, pod, service, with_value

# Places that take more than one type, and lists and maps for which null or emptiness is as good as absence.
TWO_TYPES = {"targetPort", "port", "maxSurge", "maxUnavailable", "cpu", "memory"}


def broken_texts():
    text = json.dumps(config_map(), separators=(",", ":"))
    for length in range(1, len(text)):
        yield f"cut after {length}", text[:length]
    structural = [i for i, c in enumerate(text) if c in '{}[],:"']
    for i in structural:
        yield f"without the {text[i]} at {i}", text[:i] + text[i + 1 :]
    for i in structural:
        if text[i] in "{,:":
            yield f"comma after {i}", text[: i + 1] + "," + text[i + 1 :]
    for i in structural:
        if text[i] == ":":
            yield f"semicolon at {i}", text[:i] + ";" + text[i + 1 :]
    for tail in ("x", "{}", "]", "}", ",", "\x00", "null", '""', "//", "/**/"):
        yield f"followed by {tail!r}", text + tail
    for head in ("\ufeff", "x", ",", "//x\n", "/**/", "#x\n", "\x00", "\x0b"):
        yield f"preceded by {head!r}", head + text


def literals():
    for word in ("tru", "nul", "fals", "True", "None", "NaN", "Infinity", "-Infinity", "undefined", "'a'", "`a`", "a", "0x10",
                 "01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "1_000", "\\u0041", '"a', 'a"', '"\\x"', '"\\u12"', '"\\u00zz"',
                 '"\\', '"\\"', '"a" "b"', "[1,]", '{"a":1,}', "{a:1}", "{'a':1}", '{"a"}', '{"a":}', '{:1}', "[", "]", "{", "}",
                 "[}", "{]", "[1 2]", '{"a":1 "b":2}', "/**/1", "1//"):
        yield f"literal {word}", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"corpus"},"data":{"k":%s}}' % word
    for code in range(0x20):
        yield f"control {code:02x} in a string", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"corpus"},"data":{"k":"a%sb"}}' % chr(code)
    for root in ("", " ", "null", "true", "1", '"text"', "[]", "[{}]", "{}", "[[]]", '{"items":[]}'):
        yield f"root {root!r}", root


def depths():
    for depth in (65, 100, 1000, 10_000, 100_000, 1_000_000):
        yield f"{depth} arrays", "[" * depth
        yield f"{depth} arrays closed", "[" * depth + "]" * depth
        yield f"{depth} objects", '{"a":' * depth
        if depth * 6 < 3_000_000:
            yield f"{depth} objects closed", '{"a":' * depth + "1" + "}" * depth
        if depth * 7 < 3_000_000:
            inner = '{"a":' * depth + "1" + "}" * depth
            yield f"{depth} objects in data", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"corpus"},"data":%s}' % inner
    yield "a million numbers", '{"apiVersion":"v1","kind":"ConfigMap","data":[' + "1," * 1_000_000 + "1]}"
    yield "a key of a mebibyte", json.dumps(config_map(data={"k" * 1_048_576: "v"}))
    yield "a number of a mebibyte", '{"apiVersion":"v1","kind":"ConfigMap","data":{"k":' + "1" * 1_048_576 + "}}"


def numbers():
    fields = ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]
    words = ["1e999", "-1e999", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "2147483648", "-2147483649",
             "1.5", "0.1", "-0.5", "1e30", "-1", "1e-1", '"1"', '"x"', "true", "[]", "{}", "[1]", "99999999999999999999999999"]
    for field in fields:
        for word in words:
            body = deployment()
            body["spec"][field] = "@@"
            yield f"{field} {word}", DEPLOYMENTS, json.dumps(body).replace('"@@"', word)


def wrong_types():
    samples = [("configmap", MAPS, config_map()), ("pod", PODS, pod()), ("service", SERVICES, service()), ("deployment", DEPLOYMENTS, deployment())]
    values = {"text": "text!", "number": 17, "truth": True, "list": [{"x": 1}], "map": {"x!": {"y": 1}}, "list of text": ["/", "/"]}
    for kind, path, sample in samples:
        for where, was in places(sample):
            for name, value in values.items():
                same = type(value) is type(was) or (isinstance(value, (list, dict)) and type(value) is type(was))
                if same or where[-1] in TWO_TYPES and not isinstance(value, (list, dict)):
                    continue
                yield f"{kind} {'.'.join(map(str, where))} is a {name}", path, json.dumps(with_value(sample, where, value))


def strict():
    samples = [("configmap", MAPS, config_map()), ("pod", PODS, pod()), ("service", SERVICES, service()), ("deployment", DEPLOYMENTS, deployment())]
    free = {"data", "labels", "annotations", "matchLabels", "selector", "nodeSelector", "limits"}
    for kind, path, sample in samples:
        for where, was in places(sample):
            if isinstance(was, dict) and (where[-1] not in free or where[-2:] == ("spec", "selector") and kind == "deployment"):
                yield f"{kind} {'.'.join(map(str, where))} has an unknown field", path, json.dumps(with_value(sample, where, {**was, "noSuchField": 1}))
            if isinstance(was, dict) and was:
                key = next(iter(was))
                text = json.dumps(with_value(sample, where, "@@"))
                twice = json.dumps(was)[:-1] + ", " + json.dumps(key) + ": " + json.dumps(was[key]) + "}"
                yield f"{kind} {'.'.join(map(str, where))} has a field twice", path, text.replace('"@@"', twice)


def cases():
    for name, text in [*broken_texts(), *literals(), *depths()]:
        yield Request("json " + name, body=text.encode())
    for name, path, text in [*numbers(), *wrong_types()]:
        yield Request("json " + name, path=path, body=text.encode())
    for name, path, text in strict():
        yield Request("json strict " + name, path=path + STRICT, body=text.encode(), codes=(400,))
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"):
        yield Request("json in " + encoding, body=json.dumps(config_map()).encode(encoding), codes=(400,))
