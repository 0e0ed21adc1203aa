"""Django: `"disjoint.guard.django"`, first in INSTALLED_APPS, refuses in `AppConfig.ready`.

Every process of Django passes there: a server's, a command's, Celery's. Only `manage.py check --deploy` asks
over a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from disjoint.guard import assess
from disjoint.guard.verdict import MISLABELLED, PRODUCTION, SHARED, Checked, Reason

from .once import Once

_SCHEMES = {"postgresql": "postgresql", "postgis": "postgresql", "mysql": "mysql"}
_TEXTS = ("SECRET_KEY", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "BROKER_URL", "AWS_STORAGE_BUCKET_NAME")


class GuardConfig(AppConfig):
    """The app."""

    name = "disjoint.guard.django"
    label = "disjoint_guard"
    verbose_name = "disjoint"

    def ready(self) -> None:
        """Refuse, or register the checks.

        Raises:
            Refused: it must not start: with code 78, or 3 in a server's worker, whose server then stops.
        """
        _once()
        checks.register(warned, checks.Tags.security)
        checks.register(asked, checks.Tags.security, deploy=True)


def taken() -> dict[str, str]:
    """What settings hold besides the environment, under names of their own."""
    return dict(_taken())


def _taken() -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        yield f"settings.{name}", str(getattr(settings, name, None) or "")
    for alias, database in settings.DATABASES.items():
        yield f"settings.DATABASES[{alias}]", _url(database)
        yield f"settings.DATABASES[{alias}].PASSWORD", str(database.get("PASSWORD") or "")
    for alias, cache in settings.CACHES.items():
        location = cache.get("LOCATION") or ""
        several = isinstance(location, Sequence) and not isinstance(location, str)
        yield f"settings.CACHES[{alias}]", ",".join(map(str, location)) if several else str(location)


def _url(database: Mapping[str, object]) -> str:
    """A database's address as libpq and others write it; empty where it names no host."""
    engine, host = str(database.get("ENGINE")).rpartition(".")[2], str(database.get("HOST") or "")
    if not host or host.startswith("/"):
        return ""
    host = f"[{host}]" if ":" in host else host
    port = f":{database['PORT']}" if database.get("PORT") else ""
    if engine not in _SCHEMES:
        return f"{host}{port}"
    login = quote(str(database.get("USER") or ""), safe="")
    return f"{_SCHEMES[engine]}://{login}@{host}{port}/{quote(str(database.get('NAME') or ''), safe='')}"


_once = Once(taken)


def warned(**_: object) -> list[checks.CheckMessage]:
    """In `check`, `migrate` and `runserver`: what was passed over by the mode or an override, as warnings."""
    checked = _once()
    return [checks.Warning(*_told(r), id=f"disjoint.W{_number(checked, r)}") for r in checked.reasons]


def asked(**_: object) -> list[checks.CheckMessage]:
    """In `check --deploy` alone: as `warned`, after asking the servers who they are, as errors."""
    checked = assess(variables=taken(), deep=True)
    if checked.role == PRODUCTION:
        return []
    return [checks.Error(*_told(r), id=f"disjoint.E{_number(checked, r)}") for r in checked.reasons]


def _told(reason: Reason) -> tuple[str, str]:
    return f"{reason.outcome} {reason.rule}: {reason.says}.", f"{reason.fix[:1].upper()}{reason.fix[1:]}."


def _number(checked: Checked, reason: Reason) -> str:
    if checked.role in {PRODUCTION, MISLABELLED}:
        return "003"
    return "001" if reason.outcome == SHARED else "002"
