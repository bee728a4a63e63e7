"""Walks the Python client `ngsildclient` through its own list of features against a running server.

    python walk.py BASE_URL

Prints a table; the exit code is 1 when a feature failed.
"""

import logging
import sys
import tempfile

import ngsildclient  # noqa: F401  (it configures logging when it is imported)

logging.disable(logging.CRITICAL)

import table  # noqa: E402
from world import World  # noqa: E402

# The order of the table.
import features_model  # noqa: E402, F401
import features_entities  # noqa: E402, F401
import features_batch  # noqa: E402, F401
import features_queries  # noqa: E402, F401
import features_subscriptions  # noqa: E402, F401
import features_temporal  # noqa: E402, F401
import features_contexts  # noqa: E402, F401
import features_asynchronous  # noqa: E402, F401


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python walk.py BASE_URL")
    with tempfile.TemporaryDirectory() as folder:
        world = World.of(sys.argv[1], folder)
        rows = table.run(table.FEATURES, world)
        world.client.close()
    title = f"ngsildclient {ngsildclient.__version__} (Python {sys.version.split()[0]})"
    sys.exit(1 if table.printed(title, rows) else 0)


if __name__ == "__main__":
    main()
