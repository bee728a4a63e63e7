"""Contexts that the server hosts."""

import json
import os
import re

from ngsildclient import Entity
from ngsildclient.api.exceptions import NgsiResourceNotFoundError

from features_entities import raised
from table import Contradicts, equal, feature

GROUP = "contexts"


def hosted(world):
    """The addresses of the contexts that the server hosts."""
    answer = world.client.session.get(f"{world.base}/ngsi-ld/v1/jsonldContexts", params={"kind": "Hosted"})
    equal(answer.status_code, 200, "status")
    return answer.json()


@feature(GROUP, "add, from a dictionary and from a file; list; list those of a pattern")
def add(world):
    contexts = world.client.contexts
    before = set(contexts.list())
    contexts.add({"@context": {"walked": "https://walk.example/walked"}})
    path = os.path.join(world.folder, "context.jsonld")
    with open(path, "w") as file:
        json.dump({"@context": {"filed": "https://walk.example/filed"}}, file)
    contexts.add_file(path)
    added = set(contexts.list()) - before
    equal(len(added), 2, "contexts more than before")
    for one in added:
        equal(contexts.list(re.escape(one)), [one], "listed by itself")


@feature(GROUP, "retrieve, exists, and use one of them as the context of a query")
def retrieve(world):
    contexts = world.client.contexts
    found = {}
    for url in hosted(world):
        local = url.rsplit("/", 1)[-1]
        equal(contexts.exists(local), True, "exists")
        for term in contexts.get(local)["@context"]:
            found[term] = url
    equal(sorted(found), ["filed", "walked"], "terms")
    named_in_full = {"https://walk.example/walked": {"type": "Property", "value": 5}}
    entity = Entity({"id": "urn:ngsi-ld:Walk:W1", "type": "Walk", **named_in_full})
    world.client.upsert(entity)
    equal(world.client.get(entity, ctx=found["walked"])["walked"].value, 5, "an attribute by its hosted term")
    equal(contexts.exists("urn:none"), False, "another exists")
    raised(NgsiResourceNotFoundError, lambda: contexts.get("urn:none"))


@feature(GROUP, "delete one")
def delete(world):
    first, *others = hosted(world)
    equal(world.client.contexts.delete(first.rsplit("/", 1)[-1]), True, "deleted")
    equal(hosted(world), others, "left")


@feature(
    GROUP,
    "delete those of a pattern, and all but the core context (cleanup)",
    Contradicts(
        "6.30.2",
        "an identifier is one segment of a path; the client puts an address there without encoding its slashes",
        404,
        NgsiResourceNotFoundError,
    ),
)
def cleanup(world):
    world.client.contexts.cleanup()
