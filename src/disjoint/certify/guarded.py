"""What a seal and a guard compute alike: keys, digests, secrets. The standard library alone, no I/O."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from disjoint.kinds.variables.forms import normal_forms
from disjoint.kinds.variables.held import held
from disjoint.kinds.variables.shapes import is_default, named_login
from disjoint.tuples import NamedTuple

SCHEMA = "disjoint.seal/v1"
SECRET, PLACE, SERVER, ITSELF = "secret", "seal.place", "seal.server", "seal.itself"
REACHED, HOST, OBJECT, WORD = "seal.reached", "seal.host", "seal.object", "seal.word"
"""Domains of digests: the first is the observers' own; these are of a host and port, of a host, of what the
address of an engine that is no kind names, and of a word of a name without a host."""

PLATFORM = re.compile(
    r"^(?:RAILWAY|VERCEL|RENDER|FLY|HEROKU|DYNO|KUBERNETES|AWS_LAMBDA|GITHUB|CI)_|^DISJOINT_"
)
"""Variables that the platform or this product sets: never looked at for addresses."""

COST = {"n": 1 << 14, "r": 8, "p": 1}
"""Of scrypt (RFC 7914): 16 MiB and some 40 ms for each guess."""
ENOUGH = 16
"""Characters, or octets, of a secret that is not stretched."""
_HEX = re.compile(r"[0-9a-fA-F-]+\Z")
_RUN = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[^A-Za-z0-9]+")
_WORDED = 3
"""Characters of one sort in a row, on average, that words have and random characters hardly ever."""
_VARIED = 8
"""Distinct characters of what was drawn at random: 32 hexadecimal digits have fewer once in a million."""


def mac_of(project: bytes, payload: bytes) -> str:
    """The code by which a process with the project's key and nothing else checks a seal."""
    return hmac.new(_derived(project, b"disjoint seal"), payload, hashlib.sha256).hexdigest()


def key_in(text: str) -> bytes:
    """The octets of a key as a variable has it: hexadecimal digits, or any text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode("utf-8", "surrogateescape")


def name_of(project: bytes) -> str:
    """A name for a project's key that tells nothing of it."""
    return hmac.new(project, b"disjoint split name\0", hashlib.sha256).hexdigest()[:16]


def stable_key_of(project: bytes) -> bytes:
    """The key of a seal's digests."""
    return _derived(project, b"disjoint stable digests")


def _derived(project: bytes, what: bytes) -> bytes:
    return hmac.new(project, what, hashlib.sha256).digest()


def digest(key: bytes, what: str, value: str) -> str:
    """As a run's digests are made: ``hmac:`` and 32 hexadecimal digits."""
    message = what.encode() + b"\0" + value.encode("utf-8", "surrogatepass")
    return "hmac:" + hmac.digest(key, message, "sha256").hex()[:32]


def digester(key: bytes, what: str) -> Callable[[str], bytes]:
    """The octets of `digest` for many values of one domain, sooner: its HMAC is begun once (RFC 2104)."""
    padded = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in padded) + what.encode() + b"\0")
    outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in padded))

    def made(value: str) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(value.encode("utf-8", "surrogatepass"))
        around.update(within.digest())
        return around.digest()[:16]

    return made


def guessable(form: str) -> bool:
    """Whether whoever holds the key would find a value by a dictionary: short, worded, monotonous."""
    if form.startswith("bytes:"):
        octets = bytes.fromhex(form.removeprefix("bytes:"))
        return guessable(octets.decode()) if octets.isascii() else len(set(octets)) < _VARIED - 2
    if len(form) < ENOUGH or len(set(form)) < _VARIED or is_default(form):
        return True
    return len(form) >= _WORDED * len(_RUN.findall(form)) and _HEX.match(form) is None


def stretched(key: bytes, value: str) -> str:
    """``scrypt:`` and 32 hexadecimal digits, salted by the key: the same wherever the key is the same."""
    salt = _derived(key, b"disjoint stretched")
    made = hashlib.scrypt(value.encode("utf-8", "surrogatepass"), salt=salt, dklen=16, **COST)
    return "scrypt:" + made.hex()


class Held(NamedTuple):
    """A secret of an environment, as digests of its forms."""

    label: str
    """What it is called in a report."""
    variable: str
    forms: frozenset[str]
    stretched: bool
    """Whether one of its forms is guessable."""


def secrets_of(
    key: bytes, variables: Iterable[tuple[str, str]], public: frozenset[str], *, stretch: bool = True
) -> Iterator[Held]:
    """The secrets of an environment; a guessable form is stretched, any other digested under the key.

    A login's name guards nothing, and is never stretched.

    Args:
        key: of the digests.
        variables: names and values, as the environment has them.
        public: names of variables whose values are no secrets.
        stretch: False digests guessable forms like others, where no stretched ones are compared with.
    """
    once: dict[str, str] = {}
    for name, value in variables:
        if name in public or name.startswith("DISJOINT_") or not (text := value.strip()):
            continue
        for label, secret in held(name, text):
            weak = stretch and not named_login(name)
            forms = {form: weak and guessable(form) for form in normal_forms(secret)}
            made = frozenset(_digested(key, form, once, slow) for form, slow in forms.items())
            yield Held(label, name, made, any(forms.values()))


def _digested(key: bytes, form: str, once: dict[str, str], weak: bool) -> str:
    if not weak:
        return digest(key, SECRET, form)
    if form not in once:
        once[form] = stretched(key, form)
    return once[form]


def itself(key: bytes, names: Iterable[str], value: Callable[[str], str | None]) -> str:
    """The digest by which production knows itself: of these variables, set or not, in the order of names."""
    told = [
        f"{name}\0{'' if (text := value(name)) is None else '=' + text.strip()}" for name in sorted(names)
    ]
    return digest(key, ITSELF, "\0\0".join(told))


_TAKEN = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def filled(template: str, variables: Mapping[str, str]) -> str | None:
    """A declared text with this environment's variables; None where one of them is unset or empty."""
    missing = [name for pair in _TAKEN.findall(template) for name in pair if name and not variables.get(name)]
    return None if missing else _TAKEN.sub(lambda found: variables[found[1] or found[2]], template)
