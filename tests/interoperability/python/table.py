"""The table of a walk: one row for each feature of the client, and what came of it."""

import asyncio
import contextlib
import inspect
import io
import traceback
from dataclasses import dataclass, field


@dataclass
class Contradicts:
    """The client asks for what the standard refuses; the server must answer as the clause says."""

    clause: str
    meaning: str
    status: int
    """The status that the clause asks for."""
    raises: type = Exception
    """What the client makes of it."""


@dataclass
class OwnFault:
    """The client fails before or after a request that the server answers well."""

    meaning: str
    raises: type


@dataclass
class Feature:
    group: str
    name: str
    work: object
    expected: object = None


FEATURES: list[Feature] = []


def feature(group, name, expected=None):
    """Marks a function as the walk through one feature. `expected` says that it cannot succeed, and why."""

    def mark(work):
        FEATURES.append(Feature(group, name, work, expected))
        return work

    return mark


@dataclass
class Answer:
    """What the server answered, without the client's reading of it."""

    method: str
    url: str
    status: int
    headers: object
    text: str


@dataclass
class Wire:
    """The answers of the server in the order in which they came."""

    answers: list[Answer] = field(default_factory=list)

    def requests_hook(self, response, *_args, **_kwargs):
        request = response.request
        self.answers.append(Answer(request.method, request.url, response.status_code, response.headers, response.text))

    async def httpx_hook(self, response):
        await response.aread()
        request = response.request
        self.answers.append(
            Answer(request.method, str(request.url), response.status_code, response.headers, response.text)
        )

    @property
    def last(self) -> Answer:
        return self.answers[-1]


def equal(actual, expected, what="value"):
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def run(features, world) -> list[tuple[Feature, str, str]]:
    """Walks through all of them and gives (feature, verdict, detail) for each."""
    rows = []
    for one in features:
        world.wire.answers.clear()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                result = one.work(world)
                if inspect.iscoroutine(result):
                    asyncio.run(result)
        except Exception as error:  # whatever a client raises belongs into its row
            rows.append((one, *judged(one, world.wire, error)))
        else:
            if one.expected is None:
                rows.append((one, "ok", ""))
            else:
                rows.append((one, "failed", f"it works, although: {one.expected.meaning}"))
    return rows


def judged(one, wire, error):
    expected = one.expected
    asserted = isinstance(error, AssertionError)
    if isinstance(expected, Contradicts) and not asserted and isinstance(error, expected.raises):
        if wire.answers and wire.last.status == expected.status:
            return f"client contradicts clause {expected.clause}: {expected.meaning}", ""
    if isinstance(expected, OwnFault) and not asserted and isinstance(error, expected.raises):
        return f"client fails by itself: {expected.meaning}", ""
    last = f"\n{wire.last.method} {wire.last.url} -> {wire.last.status} {wire.last.text[:600]}" if wire.answers else ""
    return "failed", "".join(traceback.format_exception(error)[-3:]).rstrip() + last


def printed(title, rows) -> int:
    """Prints the table; the number of failures."""
    width = max(len(f"{one.group}: {one.name}") for one, _, _ in rows)
    print(f"\n{title}\n")
    failures = 0
    for one, verdict, detail in rows:
        print(f"  {f'{one.group}: {one.name}':<{width}}  {verdict}")
        if verdict == "failed":
            failures += 1
            print("      " + detail.replace("\n", "\n      "))
    walked = sum(verdict == "ok" for _, verdict, _ in rows)
    print(f"\n{walked} ok, {len(rows) - walked - failures} beyond the server, {failures} failed\n")
    return failures
