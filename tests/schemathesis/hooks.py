"""What schemathesis is to find beside its own checks: a door that opens to who may not go through it.

The environment says who asks: EXPECT=nobody (no key is sent) or EXPECT=role with the permissions of that role in
PERMISSIONS. The description of the API says what each operation asks for (`security`, `x-permission`).
"""

import json
import os

import schemathesis

EXPECT = os.environ.get("EXPECT", "")
PERMISSIONS = set(os.environ.get("PERMISSIONS", "").split())


@schemathesis.serializer("application/toml", "text/csv", "text/plain", "application/octet-stream")
def as_it_is(ctx, value):
    """A file is its own text; what is generated as something else is sent as JSON writes it."""
    if isinstance(value, bytes):
        return value
    return value if isinstance(value, str) else json.dumps(value)


@schemathesis.check
def no_failure(ctx, response, case):
    """No 5xx but those that the description has: 503 when it is too much, 504 when an @context cannot be had."""
    described = case.operation.definition.raw.get("responses", {})
    if response.status_code >= 500:
        assert response.status_code in (503, 504) and str(response.status_code) in described, response.text


@schemathesis.check
def no_bypass(ctx, response, case):
    """Who may not is refused: 401 without a key, 403 without the permission."""
    raw = case.operation.definition.raw
    asks_for_login = bool(raw.get("security"))
    permission = raw.get("x-permission")
    # What no router takes for this operation (another method, another path) says nothing of it.
    if response.status_code in (404, 405) and "there is nothing at" in response.text:
        return
    if EXPECT == "nobody" and asks_for_login:
        assert response.status_code in (400, 401, 405, 413, 431), f"{response.status_code} for who is not known"
    if EXPECT == "role" and permission and permission not in PERMISSIONS:
        assert response.status_code in (400, 403, 405, 413, 431), f"{response.status_code} without {permission}"
    if EXPECT == "role":
        assert response.status_code != 401, "a good key is taken for none"


@schemathesis.check
def tells_nothing_of_the_inside(ctx, response, case):
    """No answer tells where the program or its data lie, or how it fails."""
    if response.status_code < 400:
        return
    for inside in ("panicked at", "stack backtrace", ".rs:", "rusqlite", "SQLITE_", os.environ.get("DATA", "\0")):
        assert inside not in response.text, f"the answer tells `{inside}`"
