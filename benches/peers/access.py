"""Reachability beside other engines: the peer of `mapacha simulate access` on an OpenStreetMap extract.

Usage: python3 access.py MAPACHA EXTRACT.osm.pbf [--pairs N] [--json FILE]
Needs: pip install pandana osmium numpy scipy pandas pyproj

Two questions, kept apart:

1. The same edges. Our network is exported (`mapacha simulate access edges`), pandana (contraction hierarchies in C++)
   and scipy (Dijkstra) are built of exactly these edges. Every difference is one of the search.
2. The file itself. This script reads the extract with osmium (libosmium), decides by its own few rules which ways are
   walked, measures them on the ellipsoid with pyproj (PROJ), and pandana searches that. Differences are ones of
   reading, of measuring and of rules; each is looked for and counted.

Prints a report, and with --json one document that the validation page is made of.
"""

import argparse
import csv
import io
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import osmium
import pandas as pd
from pyproj import Geod
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

arguments = argparse.ArgumentParser()
arguments.add_argument("mapacha")
arguments.add_argument("extract")
arguments.add_argument("--origins", type=int, default=60)
arguments.add_argument("--destinations", type=int, default=60)
arguments.add_argument("--json")
options = arguments.parse_args()
chance = random.Random(7)
geod = Geod(ellps="WGS84")
folder = tempfile.mkdtemp()


def quietly(work):
    """pandana prints its progress on the file descriptors of the process."""
    sys.stdout.flush()
    keep, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        return work()
    finally:
        sys.stdout.flush()
        os.dup2(keep, 1)
        os.close(keep)
        os.close(nowhere)


import pandana  # noqa: E402


def ask(*words, form="csv"):
    command = [options.mapacha, "simulate", "access", *words, "--osm", options.extract, "--format", form]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)}: {answer.stderr}")
    return list(csv.DictReader(io.StringIO(answer.stdout))) if form == "csv" else json.loads(answer.stdout)


def points(name, rows):
    path = f"{folder}/{name}.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "lon", "lat"])
        writer.writerows(rows)
    return path


class Graph:
    """Nodes by id, undirected edges with metres."""

    def __init__(self, places, edges):
        """`places`: id -> (lon, lat); `edges`: (from, to, metres)."""
        self.ids = sorted(places)
        self.index = {node: number for number, node in enumerate(self.ids)}
        self.places = places
        self.a = np.array([self.index[a] for a, _, _ in edges])
        self.b = np.array([self.index[b] for _, b, _ in edges])
        self.metres = np.array([metres for _, _, metres in edges])
        shortest = {}
        for a, b, metres in zip(self.a, self.b, self.metres):
            key = (min(a, b), max(a, b))
            shortest[key] = min(metres, shortest.get(key, math.inf))
        rows, columns = np.array(list(shortest)).T
        # scipy reads a stored 0 as no edge: a tenth of a micrometre stands for it.
        weights = np.maximum(np.array(list(shortest.values())), 1e-7)
        size = len(self.ids)
        self.matrix = csr_matrix((weights, (rows, columns)), shape=(size, size))
        _, self.part = connected_components(self.matrix, directed=False)
        self.largest = np.bincount(self.part).argmax()

    def pandana(self):
        lon = np.array([self.places[node][0] for node in self.ids])
        lat = np.array([self.places[node][1] for node in self.ids])
        x, y = pd.Series(lon), pd.Series(lat)
        return quietly(
            lambda: pandana.Network(
                x, y, pd.Series(self.a), pd.Series(self.b), pd.DataFrame({"metres": self.metres}), twoway=True
            )
        )

    def core(self):
        return [node for node in self.ids if self.part[self.index[node]] == self.largest]


def spread(differences, of=None):
    """Median, 95th percentile and largest of absolute differences; relative where lengths are given."""
    absolute = np.abs(np.asarray(differences, dtype=float))
    if of is not None:
        absolute = absolute / np.maximum(np.asarray(of, dtype=float), 1.0)
    if not len(absolute):
        return {"count": 0}
    return {
        "count": len(absolute),
        "median": float(np.median(absolute)),
        "p95": float(np.percentile(absolute, 95)),
        "max": float(absolute.max()),
    }


# ------------------------------------------------------------------ 1. the same edges

rows = ask("edges")
places, edges, missed, our_metres = {}, [], 0, {}
for row in rows:
    ends = [(int(row[end]), float(row[f"{end}_lon"]), float(row[f"{end}_lat"])) for end in ("from", "to")]
    states = {row["forward"], row["backward"]}
    if states == {"passable"}:
        for node, lon, lat in ends:
            places[node] = (lon, lat)
        edges.append((ends[0][0], ends[1][0], float(row["metres"])))
        way = int(row["segment"].split(":w")[1].split(":")[0])
        our_metres[way] = our_metres.get(way, 0.0) + float(row["metres"])
    elif "passable" in states:
        missed += 1
ours = Graph(places, edges)
begin = time.process_time()
peer = ours.pandana()
built_s = time.process_time() - begin

core = ours.core()
origins = chance.sample(core, min(options.origins, len(core)))
destinations = chance.sample(core, min(options.destinations, len(core)))
listed = [
    ("--origins", points("origins", [(node, *ours.places[node]) for node in origins])),
    ("--destinations", points("destinations", [(node, *ours.places[node]) for node in destinations])),
]
answers = ask("matrix", *[word for pair in listed for word in pair], "--threads", "1")
told = {(int(row["from"]), int(row["to"])): row["metres"] for row in answers}
pairs = list(told)
by_pandana = quietly(
    lambda: peer.shortest_path_lengths(
        [ours.index[a] for a, _ in pairs], [ours.index[b] for _, b in pairs], imp_name="metres"
    )
)
by_scipy = dijkstra(ours.matrix, directed=False, indices=[ours.index[node] for node in origins])
row_of = {node: number for number, node in enumerate(origins)}
exact = [by_scipy[row_of[a], ours.index[b]] for a, b in pairs]
values = [float(told[pair]) if told[pair] else math.inf for pair in pairs]
same = {
    "edges": len(edges),
    "one_way_left_out": missed,
    "nodes": len(ours.ids),
    "largest_part": len(core),
    "pairs": len(pairs),
    "unreached_by_us": sum(1 for value in values if math.isinf(value)),
    "to_pandana_m": spread([v - p for v, p in zip(values, by_pandana)]),
    "to_scipy_m": spread([v - e for v, e in zip(values, exact)]),
    "median_distance_m": float(np.median(exact)),
}

# What is within a distance: nodes, and metres of street.
within = []
for node in origins[:10]:
    lon, lat = ours.places[node]
    for metres in (500.0, 1500.0, 5000.0):
        answer = ask("isochrone", "--from", f"{lon},{lat}", "--metres", str(metres), form="json")
        length = answer["reached"]["passable"]["length_m"]
        cost = by_scipy[row_of[node]]
        expected = 0.0
        for a, b, whole in zip(ours.a, ours.b, ours.metres):
            left = [max(0.0, metres - cost[end]) for end in (a, b)]
            expected += min(whole, left[0] + left[1])
        within.append((length, expected))
same["isochrone_length_m"] = spread([ours_m - theirs for ours_m, theirs in within])
same["isochrone_length_relative"] = spread(
    [ours_m - theirs for ours_m, theirs in within], [theirs for _, theirs in within]
)
everywhere = points("everywhere", [(node, *ours.places[node]) for node in core])
one = points("one", [(origins[0], *ours.places[origins[0]])])
reached = ask("matrix", "--origins", one, "--destinations", everywhere, "--metres", "1500")
by_us = {int(row["to"]) for row in reached if row["metres"]}
by_peer = {ours.ids[n] for n in np.flatnonzero(by_scipy[0] <= 1500.0)}
same["nodes_within_1500_m"] = {"ours": len(by_us), "peer": len(by_peer), "different": len(by_us ^ by_peer)}

# The nearest of some facilities, from every node of the core.
facilities = chance.sample(core, 40)
listed = points("facilities", [(node, *ours.places[node]) for node in facilities])
sample = chance.sample(core, min(400, len(core)))
asked = points("sample", [(node, *ours.places[node]) for node in sample])
nearest = {}
for row in ask("matrix", "--origins", asked, "--destinations", listed):
    if row["metres"]:
        node = int(row["from"])
        nearest[node] = min(nearest.get(node, math.inf), float(row["metres"]))


def nearest_by_pandana(graph, network, nodes, far):
    x = pd.Series([graph.places[node][0] for node in nodes])
    y = pd.Series([graph.places[node][1] for node in nodes])
    quietly(lambda: network.set_pois("facility", far, 1, x, y))
    return quietly(lambda: network.nearest_pois(far, "facility", num_pois=1)[1])


found = nearest_by_pandana(ours, peer, facilities, 50_000)
same["nearest_m"] = spread([nearest[node] - found.iloc[ours.index[node]] for node in sample])

# ------------------------------------------------------------------ 2. the file itself

NEVER = {"motorway", "motorway_link", "construction", "proposed", "abandoned", "razed", "raceway", "rest_area",
         "services", "bus_guideway", "busway", "escape", "platform_edge", "corridor_edge", "via_ferrata"}
ONLY_WITH_PAVEMENT = {"trunk", "trunk_link"}
ONLY_IF_TOLD = {"cycleway", "bridleway"}
CLOSED = {"no", "private", "military", "agricultural", "forestry"}


def walked(tags):
    """Whether somebody on foot is known to be let through, by this script's own reading of the tags."""
    highway = tags.get("highway")
    if highway is None:
        return tags.get("railway") == "platform" or tags.get("public_transport") == "platform"
    if highway in NEVER:
        return False
    foot = tags.get("foot", tags.get("access"))
    if foot in CLOSED:
        return False
    if highway in ONLY_IF_TOLD and foot is None:
        return False
    if highway in ONLY_WITH_PAVEMENT:
        return any(tags.get(k) in {"yes", "both", "left", "right"} for k in ("sidewalk", "sidewalk:both"))
    return tags.get("crossing") != "no"


class Ways(osmium.SimpleHandler):
    def __init__(self):
        super().__init__()
        self.places, self.edges, self.ways, self.incomplete = {}, [], 0, 0
        self.metres, self.tags = {}, {}

    def way(self, way):
        tags = {tag.k: tag.v for tag in way.tags}
        if not walked(tags):
            return
        self.ways += 1
        self.metres[way.id], self.tags[way.id] = 0.0, tags
        before = None
        for node in way.nodes:
            if not node.location.valid():
                self.incomplete += 1
                before = None
                continue
            here = (node.ref, node.location.lon, node.location.lat)
            self.places[node.ref] = here[1:]
            if before and before[0] != here[0]:
                _, _, metres = geod.inv(before[1], before[2], here[1], here[2])
                self.edges.append((before[0], here[0], metres))
                self.metres[way.id] += metres
            before = here


read = Ways()
read.apply_file(options.extract, locations=True)
theirs = Graph(read.places, read.edges)
network = theirs.pandana()


def spot(place):
    """OpenStreetMap keeps places to 1e-7 degrees: what is at one spot is one node, whatever it is called."""
    return round(place[0] * 1e7), round(place[1] * 1e7)


our_spots = {spot(ours.places[node]) for node in core}
shared = [node for node in theirs.core() if spot(theirs.places[node]) in our_spots]
total_ours, total_theirs = float(ours.metres.sum()), float(theirs.metres.sum())
only = random.Random(11)
origins = only.sample(shared, min(options.origins, len(shared)))
destinations = only.sample(shared, min(options.destinations, len(shared)))
words = []
for option, nodes in (("--origins", origins), ("--destinations", destinations)):
    words += [option, points(option.strip("-") + "2", [(node, *theirs.places[node]) for node in nodes])]
told = {(int(row["from"]), int(row["to"])): row["metres"] for row in ask("matrix", *words)}
pairs = list(told)
lengths = quietly(
    lambda: network.shortest_path_lengths(
        [theirs.index[a] for a, _ in pairs], [theirs.index[b] for _, b in pairs], imp_name="metres"
    )
)
values = [float(told[pair]) if told[pair] else math.inf for pair in pairs]
finite = [(v, l) for v, l in zip(values, lengths) if math.isfinite(v) and l < 4e6 and l > 0]
relative = [abs(v - l) / max(l, 1.0) for v, l in finite]
# The same without pandana: it cuts every length to whole millimetres, and here every segment between two vertices is
# an edge of its own.
exact = dijkstra(theirs.matrix, directed=False, indices=[theirs.index[node] for node in origins])
row_of = {node: number for number, node in enumerate(origins)}
uncut = [(v, exact[row_of[a], theirs.index[b]]) for (a, b), v in zip(pairs, values) if math.isfinite(v)]
# Ways that one of the two walks and the other does not.
only_theirs = {way: metres for way, metres in read.metres.items() if way not in our_metres}
only_ours = {way: metres for way, metres in our_metres.items() if way not in read.metres}
both = [(metres, read.metres[way]) for way, metres in our_metres.items() if way in read.metres]
facilities = only.sample(shared, 40)
sample = only.sample(shared, min(400, len(shared)))
found = nearest_by_pandana(theirs, network, facilities, 50_000)
nearest = {}
for row in ask(
    "matrix",
    "--origins", points("sample2", [(node, *theirs.places[node]) for node in sample]),
    "--destinations", points("facilities2", [(node, *theirs.places[node]) for node in facilities]),
):
    if row["metres"]:
        node = int(row["from"])
        nearest[node] = min(nearest.get(node, math.inf), float(row["metres"]))
near = [(nearest.get(node, math.inf), float(found.iloc[theirs.index[node]])) for node in sample]
independent = {
    "ways": read.ways,
    "nodes_missing": read.incomplete,
    "metres_ours": total_ours,
    "metres_peer": total_theirs,
    "pairs": len(finite),
    "difference_m": spread([v - l for v, l in finite]),
    "difference_relative": spread([v - l for v, l in finite], [l for _, l in finite]),
    "uncut_m": spread([v - l for v, l in uncut]),
    "uncut_relative": spread([v - l for v, l in uncut], [l for _, l in uncut]),
    "ways_in_both": len(both),
    "ways_length_m": spread([a - b for a, b in both]),
    "ways_shorter_here": {
        "count": sum(1 for a, b in both if abs(a - b) > 1.0),
        "metres": sum(b - a for a, b in both if abs(a - b) > 1.0),
    },
    "ways_only_ours": {"count": len(only_ours), "metres": sum(only_ours.values())},
    "ways_only_theirs": {
        "count": len(only_theirs),
        "metres": sum(only_theirs.values()),
        "examples": [{"way": way, "tags": read.tags[way]} for way in sorted(only_theirs)[:5]],
    },
    "pairs_beyond_0_1_pct": sum(1 for value in relative if value > 1e-3),
    "nearest_m": spread([v - l for v, l in near if math.isfinite(v)]),
    "nearest_relative": spread([v - l for v, l in near if math.isfinite(v)], [l for v, l in near if math.isfinite(v)]),
}

document = {
    "peers": {
        "pandana": pandana.__version__,
        "scipy": __import__("scipy").__version__,
        "osmium": __import__("importlib.metadata").metadata.version("osmium"),
        "pyproj": __import__("pyproj").__version__,
    },
    "extract": os.path.basename(options.extract),
    "same_edges": same,
    "independent": independent,
    "pandana_build_cpu_s": round(built_s, 3),
    "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}
print(json.dumps(document, indent=2))
if options.json:
    with open(options.json, "w") as file:
        json.dump(document, file, indent=2)
