"""Bodies in YAML that are broken, that grow, or that mean something else than they look like."""

import json

from corpus import DEPLOYMENTS, MAPS, PODS, YAML, Request, config_map, deployment, pod

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: corpus\n"


def bombs():
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        text += f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 9) + "]\n"
        yield f"aliases to the {level}th", HEAD + "data:\n" + "".join("  " + line + "\n" for line in text.splitlines())
    lines = "  k0: &k0 {x: x}\n"
    for level in range(1, 30):
        lines += f"  k{level}: &k{level} {{l: *k{level - 1}, r: *k{level - 1}}}\n"
    yield "doubled 30 times", HEAD + "data:\n" + lines
    merges = "  m0: &m0 {a0: x}\n"
    for level in range(1, 20):
        merges += f"  m{level}: &m{level}\n    <<: [*m{level - 1}, *m{level - 1}]\n    a{level}: x\n"
    yield "merged 20 times", HEAD + "data:\n" + merges
    yield "itself", "&a [*a]"
    yield "itself in a map", HEAD + "data: &a\n  k: *a\n"
    yield "unknown alias", HEAD + "data:\n  k: *nobody\n"
    yield "alias as a key", HEAD + "data:\n  *nobody : v\n"
    for count in (100, 10_000):
        yield f"{count} aliases", HEAD + "x: &x {a: 1}\ndata:\n" + "".join(f"  k{i}: *x\n" for i in range(count))


def depths():
    for depth in (65, 100, 1000, 10_000, 100_000):
        yield f"{depth} flow lists", "[" * depth
        yield f"{depth} flow lists closed", "[" * depth + "]" * depth
        yield f"{depth} flow maps", "{a: " * depth
        yield f"{depth} flow maps closed", "{a: " * depth + "}" * depth
    for depth in (65, 100, 1000):
        yield f"{depth} block maps", HEAD + "data:\n" + "".join(" " * (i + 1) + "a:\n" for i in range(depth))
        yield f"{depth} block lists", "- " * depth + "x"
        yield f"{depth} explicit keys", "? " * depth + "x"
    yield "many flow lists in one line", HEAD + "data: " + "[" * 50_000


def scalars():
    """What YAML takes for something else than text, where text is wanted."""
    for word in ("yes", "no", "on", "off", "true", "False", "TRUE", "1", "0", "-1", "0o17", "0x1F", "1e3", "1.5", ".inf", "-.inf", ".nan", "+12", "1_000",
                 "[]", "{}", "[a]", "{a: b}", "!!int 1", "!!float 1", "!!bool true", "!!seq []", "!!map {}", "!!python/object:os.system {}", "!<tag:x> {}"):
        yield f"{word} as text", MAPS, HEAD + f"data:\n  k: {word}\n"
    for word in ("yes", "no", "x", "1.5", "1e30", "0x", "-1", ".inf", ".nan", "[]", "{}", "'1'", '"1"', "12:30:45", "2001-01-01"):
        body = deployment()
        body["spec"]["replicas"] = "@@"
        yield f"{word} replicas", DEPLOYMENTS, json.dumps(body).replace('"@@"', word)


def syntax():
    yield "tab indentation", HEAD + "data:\n\tk: v\n"
    yield "tab after a key", "apiVersion: v1\n\tkind: ConfigMap\n"
    yield "indentation up", "apiVersion: v1\n  kind: ConfigMap\nmetadata:\n  name: corpus\n"
    yield "indentation down", HEAD + "data:\n    k: v\n  l: w\n"
    for quote in ('"', "'"):
        yield f"unclosed {quote}", HEAD + f"data:\n  k: {quote}v\n"
        yield f"text after {quote}", HEAD + f"data:\n  k: {quote}v{quote} w\n"
    for word in ("@a", "`a", "%a", "&", "*", "|x", ">x", "[a", "{a", "]", "}", ",", ": :", "- - :", "? ?", "a: b: c", "&a &b c", "!a !b c", "\"\\q\"", "\"\\x1\"", "\"\\uD800\"", "\"\\U00110000\""):
        yield f"value {word}", HEAD + "data:\n  k: " + word + "\n"
    for line in ("%YAML 9.9", "%YAML", "%TAG", "%NOPE x", "--- --- ---", "...x"):
        yield f"directive {line}", line + "\n---\n[]"
    yield "no map", "just text"
    yield "a list", "- a\n- b\n"
    yield "nothing", "\n"
    yield "comment only", "# nothing\n"
    yield "document marks only", "---\n---\n---\n"
    yield "empty map", "{}"
    yield "null", "~"
    for code in [*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]:
        yield f"control {code:02x}", HEAD + f"data:\n  k: a{chr(code)}b\n"
    yield "zero byte", HEAD + "data:\n  k: a\x00b\n"
    yield "a key that is a list", HEAD + "data:\n  ? [a, b]\n  : v\n"
    yield "a key that is a map", HEAD + "data:\n  ? {a: b}\n  : v\n"
    yield "a key of 200 KiB", HEAD + "data:\n  " + "k" * 200_000 + ": v\n"


def cases():
    for name, text in [*bombs(), *depths(), *syntax()]:
        yield Request("yaml " + name, body=text.encode(), type=YAML)
    for name, path, text in scalars():
        yield Request("yaml " + name, path=path, body=text.encode(), type=YAML)
    # JSON is YAML, but half of it is neither.
    for kind, path, sample in (("configmap", MAPS, config_map()), ("pod", PODS, pod())):
        text = json.dumps(sample)
        for length in range(1, len(text), max(1, len(text) // 120)):
            yield Request(f"yaml {kind} cut after {length}", path=path, body=text[:length].encode(), type=YAML)
    strict = HEAD + "data:\n  k: v\n  k: w\n"
    yield Request("yaml strict double key", path=MAPS + "?fieldValidation=Strict", body=strict.encode(), type=YAML)
    yield Request("yaml strict double root", path=MAPS + "?fieldValidation=Strict", body=(HEAD + "kind: ConfigMap\n").encode(), type=YAML)
    yield Request("yaml strict unknown", path=MAPS + "?fieldValidation=Strict", body=(HEAD + "nope: 1\n").encode(), type=YAML)
    yield Request("yaml patch not YAML", method="PATCH", path=MAPS + "/corpus-target?fieldManager=c", body=b"{", type="application/apply-patch+yaml")
