"""A small shop of Django, Celery and pytest, as its files: what the guard's tests run as real processes."""

from __future__ import annotations

from pathlib import Path

_MANAGE = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
_SETTINGS = """\
import os
SECRET_KEY = os.environ.get("SECRET_KEY", "unset")
INSTALLED_APPS = ["disjoint.guard.django", "django.contrib.contenttypes", "django.contrib.auth"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SQLITE"]}}
if "HOST_IN_SETTINGS" in os.environ:
    HOST, _, PORT = os.environ["HOST_IN_SETTINGS"].partition(" ")
    DATABASES["old"] = {"ENGINE": "django.db.backends.postgresql", "HOST": HOST, "PORT": PORT, "NAME": "shop"}
"""
_URLS = """\
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("open"))]
"""
_WSGI = """\
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
_IN_DJANGO = """\
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from celery import Celery
app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL"))
"""
_TASKS = """\
import os
from celery import Celery
import disjoint.guard

app = Celery("shop")
app.conf.update(
    broker_url=os.environ.get("CELERY_BROKER_URL"), result_backend=os.environ.get("CELERY_RESULT_BACKEND"),
    broker_connection_retry_on_startup=False, worker_send_task_events=False,
    beat_schedule={"often": {"task": "work.pid", "schedule": 3600.0}},
)
if "BROKER_IN_CONF" in os.environ:
    app.conf.broker_url = "redis://" + os.environ["BROKER_IN_CONF"].replace(" ", ":") + "/0"

@app.task(name="work.pid")
def pid():
    return os.getpid()

disjoint.guard.celery.guard(app)
"""
_CHECKOUT = """\
from pathlib import Path

Path("imported").touch()

def test_checkout():
    Path("tested").touch()
"""
_LATE = """\
import os
from pathlib import Path

Path("imported").touch()
os.environ["LATE_URL"] = Path("late.txt").read_text()

def test_late():
    Path("tested").touch()
"""
FILES = {
    "manage.py": _MANAGE, "shop/__init__.py": "", "shop/settings.py": _SETTINGS, "shop/urls.py": _URLS,
    "shop/wsgi.py": _WSGI, "shop/celery.py": _IN_DJANGO, "tasks.py": _TASKS, "pytest.ini": "[pytest]\n",
    "tests/test_checkout.py": _CHECKOUT, "late/test_late.py": _LATE,
}  # fmt: skip


def write_site(folder: Path) -> None:
    """The shop's files in a folder."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
