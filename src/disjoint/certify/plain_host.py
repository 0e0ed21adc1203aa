"""A host in its one spelling. The standard library alone, no I/O."""

from __future__ import annotations

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\u0130\u0131\u017f\u212a")
"""Either case, and what folds to one of these."""
_IN_A_LABEL = _LETTERS | frozenset("0123456789-")


def spell(host: str) -> str:
    """A host in lower case and ASCII, an address in its one spelling."""
    name = host.strip().lower().rstrip(".")
    if not name.isascii():
        try:
            return spell(name.encode("idna").decode("ascii"))  # digits, dots and colons have wide forms, too
        except UnicodeError:
            return name
    if ":" in name:
        return _ipv6(name)
    return _ipv4(name) if is_numeric(name) else name


def is_numeric(host: str) -> bool:
    """Whether a host's last part is a number: then it is an address, or nothing."""
    last = host.rpartition(".")[2]
    digits = last[2:].strip("0123456789abcdef") if last[:2] == "0x" else last.strip("0123456789")
    return last != "" and not digits


def is_hostname(text: str) -> bool:
    """Whether a text is a name with a dot, as hosts have them."""
    labels = text.split(".")
    last = labels[-1]
    named = len(labels) > 1 and len(last) > 1 and last[0] in _LETTERS
    return named and all(
        label and not (label[0] == "-" or label[-1] == "-") and _IN_A_LABEL.issuperset(label)
        for label in labels
    )


def _ipv4(name: str) -> str:
    """Up to four numbers, decimal, octal or hexadecimal; the last fills what is left (inet_aton)."""
    numbers = [_number(part) for part in name.split(".")]
    *heads, tail = (-1 if number is None else number for number in numbers)
    fits = len(numbers) < 5 and 0 <= tail < 256 ** (4 - len(heads))
    if not fits or not all(0 <= head < 256 for head in heads):
        return name
    whole = sum(head << (24 - 8 * place) for place, head in enumerate(heads)) + tail
    return ".".join(str(whole >> shift & 255) for shift in (24, 16, 8, 0))


def _number(part: str) -> int | None:
    if not part or len(part) > 16:
        return None
    if part[:2] == "0x":
        return None if part == "0x" or part[2:].strip("0123456789abcdef") else int(part, 16)
    base = 8 if part[0] == "0" and len(part) > 1 else 10
    return None if part.strip("01234567" if base == 8 else "0123456789") else int(part, base)


def _ipv6(name: str) -> str:
    import ipaddress  # noqa: PLC0415  (hardly any address is written so, and a guard loads little)

    try:
        address = ipaddress.IPv6Address(name)
    except ValueError:
        return name
    return str(address.ipv4_mapped or address)
