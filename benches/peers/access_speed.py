"""What other engines take for the questions of `benches access`: medians of several runs inside one process.

Usage: python3 access_speed.py streets MAPACHA EXTRACT.osm.pbf
       python3 access_speed.py nairobi MAPACHA FOLDER
Needs: pip install pandana numpy scipy pandas shapely rasterio pyproj
Prints a JSON array of {"what", "wall_s", "cpu_s"}. Building and asking are told apart, as they are for us.
"""

import csv
import io
import json
import os
import subprocess
import sys
import time

import numpy as np

chapter, mapacha, source = sys.argv[1:4]
rows = []


def measure(what, work, runs=7):
    walls, cpus, result = [], [], None
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    rows.append({"what": what, "wall_s": float(np.median(walls)), "cpu_s": float(np.median(cpus))})
    return result


def streets():
    import pandana
    import pandas as pd
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra
    from scipy.spatial import cKDTree

    command = [mapacha, "simulate", "access", "edges", "--osm", source, "--format", "csv"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    places, ends, metres = {}, [], []
    for row in csv.DictReader(io.StringIO(told)):
        if row["forward"] == row["backward"] == "passable":
            for end in ("from", "to"):
                places[int(row[end])] = (float(row[f"{end}_lon"]), float(row[f"{end}_lat"]))
            ends.append((int(row["from"]), int(row["to"])))
            metres.append(float(row["metres"]))
    ids = sorted(places)
    index = {node: number for number, node in enumerate(ids)}
    a = np.array([index[x] for x, _ in ends])
    b = np.array([index[y] for _, y in ends])
    at = np.array([places[node] for node in ids])
    edges = pd.DataFrame({"metres": metres})

    network = measure(
        "pandana builds the same network (contraction hierarchies)",
        lambda: pandana.Network(
            pd.Series(at[:, 0]), pd.Series(at[:, 1]), pd.Series(a), pd.Series(b), edges, twoway=True
        ),
        runs=3,
    )
    five = [(9.5209, 47.1410), (9.5090, 47.1650), (9.5020, 47.0670), (9.5220, 47.2110), (9.5430, 47.1170)]
    starts = network.get_node_ids([lon for lon, _ in five], [lat for _, lat in five]).tolist()
    for name, metres_far in (("1.2 km (15 minutes)", 1197.0), ("4.8 km (an hour)", 4788.0)):
        network.precompute(metres_far)
        measure(
            f"pandana: nodes within {name} of one start, one value, no polygons",
            lambda: [network.nodes_in_range([start], metres_far) for start in starts],
        )
        rows[-1]["wall_s"] /= len(starts)
        rows[-1]["cpu_s"] /= len(starts)
    weights = np.maximum(np.array(metres), 1e-7)
    matrix = csr_matrix((weights, (a, b)), shape=(len(ids), len(ids)))
    measure(
        "scipy's Dijkstra: nodes within 4.8 km of one start, one value, no polygons",
        lambda: [dijkstra(matrix, directed=False, indices=start, limit=4788.0) for start in range(0, 50, 10)],
    )
    rows[-1]["wall_s"] /= 5
    rows[-1]["cpu_s"] /= 5


def nairobi():
    import zipfile

    import rasterio
    import shapely
    from pyproj import Transformer
    from scipy.spatial import cKDTree
    from shapely.geometry import shape

    with zipfile.ZipFile(f"{source}/gtfs-2019.zip") as feed:
        read = lambda name: csv.DictReader(io.TextIOWrapper(feed.open(name), encoding="utf-8-sig"))
        served = {row["stop_id"] for row in read("stop_times.txt")}
        stops = np.array([(float(r["stop_lon"]), float(r["stop_lat"])) for r in read("stops.txt") if r["stop_id"] in served])
    with open(f"{source}/wards.geojson") as file:
        wards = [shape(feature["geometry"]) for feature in json.load(file)["features"]]
    with rasterio.open(f"{source}/population-2025-100m.tif") as raster:
        people = raster.read(1).astype("float64")
        lines, columns = np.nonzero(people > 0)
        lon, lat = (np.asarray(axis) for axis in raster.xy(lines, columns))
    people = people[lines, columns]
    metres = Transformer.from_crs("EPSG:4326", "EPSG:32737", always_xy=True)

    def ask():
        homes = np.column_stack(metres.transform(lon, lat))
        tree = cKDTree(np.column_stack(metres.transform(stops[:, 0], stops[:, 1])))
        distance, _ = tree.query(homes, distance_upper_bound=500.0)
        ward = np.full(len(lon), -1)
        for number, area in enumerate(wards):
            shapely.prepare(area)
            ward[shapely.contains_xy(area, lon, lat)] = number
        inside, near = ward >= 0, distance <= 500.0
        return np.bincount(ward[inside], people[inside] * near[inside])

    measure("stops to population by ward, straight lines (numpy, scipy's k-d tree, GEOS)", ask)


# pandana prints on the file descriptor: the document alone may go to stdout.
keep = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
{"streets": streets, "nairobi": nairobi}[chapter]()
sys.stdout.flush()
os.dup2(keep, 1)
print(json.dumps(rows))
