"""Change the verifier and the verdict in every small way, and see that something notices: `make mutate`.

Each mutant lives in a forked process: one comparison, condition, constant, operator or statement of a module
is changed, and the published cases run over it, signatures remembered by their octets; then its tests.
What survives is printed; docs/certificate.md says why it may.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

CERTIFY = ("verify", "refold", "approvals", "claims", "lines", "part", "people", "spki")
TESTS = {
    **{f"disjoint.certify.{name}": ("tests/unit/certify/test_verify.py",) for name in CERTIFY},
    "disjoint.judge.verdict": ("tests/unit/judge",),
}
"""Each module, and the tests that know it."""
PATIENCE_SECONDS = 120
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}

Change = Callable[[Any], None]


def changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Every change of one node, and its name."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                if swapped := _SWAPPED.get(type(operator)):
                    yield f"{type(operator).__name__} -> {swapped.__name__}", _operator(place, swapped)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            pass  # means nothing when it runs
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition -> its opposite", _negated
        case ast.comprehension() if node.ifs:
            yield "filter -> all", _set("ifs", [])
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "statement -> pass", _pass
        case _:
            yield from _of_values(node)


def _of_values(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.BoolOp() | ast.BinOp() if swapped := _SWAPPED.get(type(node.op)):
            yield f"{type(node.op).__name__} -> {swapped.__name__}", _set("op", swapped())
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", _set("value", not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", _set("value", value + 1)
        case ast.UnaryOp(op=ast.Not()):
            yield "not -> nothing", _set("op", ast.UAdd())
        case _:
            pass


def _set(name: str, value: object) -> Change:
    return lambda node: setattr(node, name, value)


def _operator(place: int, operator: type[ast.AST]) -> Change:
    return lambda node: node.ops.__setitem__(place, operator())


def _negated(node: Any) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _pass(node: Any) -> None:
    """Make a statement one that does nothing, in its place."""
    for name in node._fields:
        delattr(node, name)
    node.__class__ = ast.Pass
    node._fields = ()


def mutants(module: ModuleType) -> Iterator[tuple[str, ast.Module]]:
    """A module's tree with one change each."""
    source = Path(str(module.__file__)).read_text()
    tree = ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        for number, (name, _) in enumerate(changes(node)):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[place]
            list(changes(twin))[number][1](twin)
            line = node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 1)
            text = source.splitlines()[line - 1].strip()
            yield f"{module.__name__}:{line}: {name}: {text}", ast.fix_missing_locations(changed)


def installed(module: ModuleType, tree: ast.Module) -> None:
    """Put a mutant in its module's place, for those too who imported names from it."""
    old = dict(vars(module))
    exec(compile(tree, str(module.__file__), "exec"), vars(module))  # noqa: S102  (our own source, changed)
    for name, before in old.items():
        _recoded(before, vars(module).get(name), module)
        if isinstance(before, type) and before.__module__ == module.__name__:
            for inner, method in vars(before).items():
                _recoded(method, vars(vars(module)[name]).get(inner), module)


def _recoded(before: object, after: object, module: ModuleType) -> None:
    if isinstance(before, FunctionType) and before.__module__ == module.__name__:
        assert isinstance(after, FunctionType)
        before.__code__, before.__defaults__ = after.__code__, after.__defaults__


def survives(module: ModuleType, tree: ast.Module, noticed: Callable[[], bool]) -> bool:
    """Whether nothing notices a mutant; one that never ends is noticed."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE_SECONDS)
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()):
            installed(module, tree)
            if not noticed():
                os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def tests_notice(paths: tuple[str, ...]) -> bool:
    """Whether a test fails."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        return pytest.main(["-x", "-p", "no:randomly", *paths]) != 0


def _noticed(tests: tuple[str, ...], *, by_cases: bool) -> bool:
    return (by_cases and cases_notice()) or tests_notice(tests)


def _remembered(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A pure function's answers, refusals too, kept by what it was asked."""
    kept: dict[Any, Any] = {}

    def answer(*asked: Any) -> Any:
        if asked not in kept:
            try:
                kept[asked] = compute(*asked)
            except Exception as error:  # noqa: BLE001  (remembered, and raised again)
                kept[asked] = error
        if isinstance(kept[asked], Exception):
            raise kept[asked]
        return kept[asked]

    return answer


def cases_notice() -> bool:
    """Whether a published case ends in another way than it says."""
    from disjoint.cli import verifying  # noqa: PLC0415
    from disjoint.errors import DisjointError  # noqa: PLC0415

    for folder in sorted(path.parent for path in (ROOT / "conformance").glob("*/args")):
        os.chdir(folder)
        reason = folder / "reason"
        try:
            verifying.answered(verifying.asked_in((folder / "args").read_text().split()))
        except DisjointError as error:
            if not reason.exists() or reason.read_text().strip() not in str(error):
                return True
        else:
            if reason.exists():
                return True
    os.chdir(ROOT)
    return False


def _prepare() -> None:
    from disjoint.certify import engines  # noqa: PLC0415

    engines.machine = _remembered(engines.machine)
    people = engines.people
    engines.people = _remembered(lambda allowed: _remembered(people(str(Path(allowed).absolute()))))
    by_folder = engines.people
    engines.people = lambda allowed: by_folder(str(Path(allowed).absolute()))


def main(wanted: list[str]) -> int:
    """Print survivors, and the score; 1 where it is below 95 %."""
    os.chdir(ROOT)
    _prepare()
    total, alive = 0, []
    for name, tests in TESTS.items():
        if wanted and name.rsplit(".", 1)[1] not in wanted:
            continue
        module = importlib.import_module(name)
        by_cases = name.startswith("disjoint.certify")
        assert not (by_cases and cases_notice()), "the cases fail without a mutant"
        assert not tests_notice(tests), "the tests fail without a mutant"
        for about, tree in mutants(module):
            total += 1
            if survives(module, tree, partial(_noticed, tests, by_cases=by_cases)):
                alive.append(about)
                print(about, flush=True)
    score = 100 * (total - len(alive)) / max(total, 1)
    print(f"{total} mutants, {len(alive)} survive: {score:.1f} %")
    return score < 95


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
