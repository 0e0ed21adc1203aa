"""What a census of both sides amounts to, whatever it was of: rows, keys, objects. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from .census import Left, Overlap, Read
from .fact import Fact, Known, Unknown, mapped
from .finding import Evidence, Grade, Judgement, isolated, shared, unproven
from .kind import Question, Side
from .shared import Shared
from .words import counted


class Words(NamedTuple):
    """How a kind speaks of what it holds."""

    one: str
    """``row``."""
    grant: str
    """What lets a census read, where the census itself does not say."""
    purge: str
    """What to do with what was found."""
    unseen: str
    """What comparing for equality cannot see."""
    common: str = "see whether both sides may hold them: then state their prefix under `may_share`"
    """What to do about values that are nobody's own, by ``{place}``."""


def judged(q: Question[Any, Any], words: Words) -> Judgement:
    """No production value in staging: only where every place was read, and a planted one was found in each.

    A hit counts where the value is one row's own; that both sides know an Anna says nothing.
    """
    tried = q.tried("census", Overlap)
    seen = _seen(q, tried)
    match tried:
        case Unknown(reason, remedy):
            return unproven(
                f"staging's {words.one}s were not compared: {reason}", seen, remedy or words.grant
            )
        case Known(found) if leaks := [hit for hit in found.shared if is_leak(hit)]:
            return shared(
                Grade.IDENTITY, _leaked(found, leaks, words), seen, words.purge, _limits(found, words)
            )
        case Known(found) if why := next(_open(found, words), None):
            return unproven(why[0], seen, why[1] or words.grant, _limits(found, words))
        case Known(found):
            return isolated(Grade.IDENTITY, _clean(found, words), seen, _limits(found, words))


def is_leak(hit: Shared) -> bool:
    """Whether what two places share is more than two people of one name."""
    return hit.identifying and hit.confirmed > 0


def _open(found: Overlap, words: Words) -> Iterator[tuple[str, str]]:
    """What stands between a zero and a proof, and what would mend it."""
    for gap in found.gaps:
        yield f"{gap.place} was not looked through: {gap.reason}{_more(len(found.gaps) - 1)}", gap.remedy
    if not found.production.values:
        yield f"production holds no {words.one} to look for", _EMPTY
    for place in found.blind:
        yield f"a planted value was not found in {place}: nothing would have been", _BLIND
    yield from itertools.chain.from_iterable(_doubtful(hit, words) for hit in found.shared)
    if not found.staging.places and found.staging.rows:
        yield f"staging's {words.one}s have no value to look for", _EMPTY


def _doubtful(hit: Shared, words: Words) -> Iterator[tuple[str, str]]:
    """What a hit that is no leak leaves open."""
    if not hit.confirmed:
        text = f"{counted(hit.values, 'value')} of {hit.production} may stand in {hit.staging}"
        yield f"{text}: time was up before they were compared in full", _SECONDS
    if hit.alone and (hit.values > 1 or is_several(hit.production)):
        text = f"{counted(hit.values, 'value')} of {hit.production} stand in {hit.staging}"
        yield f"{text}, and nothing tells whose they are", words.common.format(place=hit.production)


def is_several(place: str) -> bool:
    """Whether a place's values are made of several columns of a row: ``public.orders (note, total)``."""
    return place.endswith(")")


def _more(others: int) -> str:
    return f" (and {others} more)" if others else ""


def _clean(found: Overlap, words: Words) -> str:
    looked = f"none of production's {words.one}s was found among staging's {found.staging.rows:,}"
    common = sum(hit.values for hit in found.shared)
    both = f"; {counted(common, 'value')} that is no one {words.one}'s own stands in both" if common else ""
    return f"{looked}; {guarantee(found, words.one)}{both}"


def guarantee(found: Overlap, one: str) -> str:
    """What a zero means, in words."""
    if found.one_in == 1:
        return "every value was compared"
    return (
        f"1 in {found.one_in} of all values was compared: any {found.missed:,} or more copied {one}s would "
        f"have been found with {found.confidence:.1%}"
    )


def _leaked(found: Overlap, leaks: list[Shared], words: Words) -> str:
    told = "; ".join(_hit(found, hit) for hit in leaks[:5])
    rest = f"; and {len(leaks) - 5} more places" if len(leaks) > 5 else ""
    return f"staging holds {words.one}s of production's: {told}{rest}"


def _hit(found: Overlap, hit: Shared) -> str:
    where = (
        f"{hit.staging} holds"
        if hit.staging == hit.production
        else f"{hit.staging} holds, of {hit.production},"
    )
    if found.one_in == 1:
        return f"{where} {counted(hit.values, 'value')}"
    low, high = interval(hit.values, found.one_in)
    return f"{where} {counted(hit.values, 'value')} of the sample: {low:,} to {high:,} in all"


def interval(hits: int, one_in: int) -> tuple[int, int]:
    """How many values stand behind a sample's hits, with 95 %.

    Wilson-Hilferty's approximation of the exact Poisson limits, good to a few in a thousand
    (https://www.itl.nist.gov/div898/handbook/prc/section2/prc242.htm has the exact form).
    """
    return max(hits, math.floor(_bound(hits, -_Z) * one_in)), math.ceil(_bound(hits + 1, _Z) * one_in)


def _bound(hits: int, z: float) -> float:
    return hits * (1 - 1 / (9 * hits) + z / (3 * math.sqrt(hits))) ** 3 if hits else 0.0


_Z = 1.959964


def _seen(q: Question[Any, Any], tried: Fact[Overlap]) -> tuple[Evidence, ...]:
    how = mapped(tried, _how)
    told = how.value if isinstance(how, Known) else "a census of both sides"
    return (
        q.production.saw("looked through", mapped(tried, lambda o: _read(o.production)), told),
        q.staging.saw("looked through", mapped(tried, lambda o: _read(o.staging)), told),
        *(e for e in _chosen(q.production, tried, told)),
        *(e for e in _hits(q.staging, tried, told)),
        *(e for e in _excused(q.staging, tried)),
    )


def _how(found: Overlap) -> str:
    sample = f"the same 1 in {found.one_in} of both sides" if found.one_in > 1 else "every value"
    return f"{found.strength.value} census: keyed digests, {sample}{', text folded' if found.fold else ''}"


def _read(read: Read) -> str:
    places = counted(read.places, "place")
    return f"{read.rows:,} rows, {read.values:,} values in {places}, {read.way}, {read.seconds:.1f} s"


def _chosen(side: Side[Any], tried: Fact[Overlap], how: str) -> Iterator[Evidence]:
    """Which places were looked for, each with its reason."""
    if isinstance(tried, Known) and tried.value.looked:
        chosen = tuple(Left(place.name, place.why) for place in tried.value.looked)
        yield side.saw("looked for", Known("; ".join(_by_why(chosen))), how)


def _hits(side: Side[Any], tried: Fact[Overlap], how: str) -> Iterator[Evidence]:
    for hit in tried.value.shared if isinstance(tried, Known) else ():
        sure = f", {hit.confirmed:,} of them compared in full" if hit.confirmed < hit.values else ""
        alone = "" if hit.identifying else "; such a value alone is no one row's own"
        text = f"{counted(hit.values, 'value')} of {hit.production}{sure}{_types(hit)}{alone}"
        yield side.saw(hit.staging, Known(text), how)


def _types(hit: Shared) -> str:
    """How many values are of which type in staging, and whether production's are."""
    if hit.types is None:
        return ""
    staging, production, differ = hit.types
    if not staging:
        return f"; types in production: {_told(production)}"
    of = sum(number for _, number in staging)
    asked = f" of {of:,} of them" if of < hit.values else ""
    theirs = f", {differ:,} of another type in production" if differ else ", the same in production"
    return f"; types{asked}: {_told(staging)}{theirs if production else ''}"


def _told(types: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in types)


def _excused(side: Side[Any], tried: Fact[Overlap]) -> Iterator[Evidence]:
    if isinstance(tried, Known) and tried.value.excused:
        text = f"{counted(tried.value.excused, 'value')} of production's, which the baseline names"
        yield side.saw("shared on purpose", Known(text), "the reviewed baseline")


def _limits(found: Overlap, words: Words) -> str:
    parts = [words.unseen.format(case="" if found.fold else ", changed in case")]
    if found.left:
        parts.append(f"not looked through: {'; '.join(_by_why(found.left))}")
    if found.weak:
        weak = ", ".join(found.weak[:6]) + (_more(len(found.weak) - 6) if len(found.weak) > 6 else "")
        parts.append(
            f"one value alone says nothing in {weak}, nor do a few beside one that is one {words.one}'s own"
        )
    if found.one_in > 1:
        parts.append(
            f"fewer than {found.missed:,} copied {words.one}s may be missed, as may more that share values"
        )
    return "; ".join(parts)


def _by_why(left: tuple[Left, ...]) -> Iterator[str]:
    """Every reason is told, and some places of each."""
    places: dict[str, list[str]] = {}
    for each in left:
        places.setdefault(each.why, []).append(each.place)
    for why, own in places.items():
        yield f"{', '.join(own[:6])}{_more(len(own) - 6) if len(own) > 6 else ''} ({why})"


_BLIND = "report it, with the versions of both servers: their digests differ where they must not"
_SECONDS = "raise rows_seconds"
_EMPTY = "see that production's URL names the database that holds its data"
