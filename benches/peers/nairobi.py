"""The three KPIs of Nairobi as a data team would compute them in Python: the peer of `make bench`.

Usage: python3 nairobi.py FOLDER    (needs: pip install numpy shapely pyproj rasterio)
Prints one JSON document with the values. It reads the files, computes, keeps nothing: no twin, no history, no
server. Independent of the program: other language, other libraries (GEOS, PROJ, GDAL).
"""

import csv
import io
import json
import sys
import zipfile
from datetime import datetime

import numpy as np
import rasterio
import shapely
from pyproj import Geod, Transformer
from shapely.geometry import LineString, shape

folder = sys.argv[1]


def table(archive, name):
    return csv.DictReader(io.TextIOWrapper(archive.open(name), encoding="utf-8-sig"))


with zipfile.ZipFile(f"{folder}/gtfs-2019.zip") as feed:
    served = {row["stop_id"] for row in table(feed, "stop_times.txt")}
    stops = np.array(
        [(float(r["stop_lon"]), float(r["stop_lat"])) for r in table(feed, "stops.txt") if r["stop_id"] in served]
    )
    used = {row["shape_id"] for row in table(feed, "trips.txt")}
    lines = {}
    for row in table(feed, "shapes.txt"):
        if row["shape_id"] in used:
            lines.setdefault(row["shape_id"], []).append(
                (int(row["shape_pt_sequence"]), float(row["shape_pt_lon"]), float(row["shape_pt_lat"]))
            )

with open(f"{folder}/wards.geojson") as file:
    wards = [shape(feature["geometry"]) for feature in json.load(file)["features"]]
city = shapely.union_all([ward if ward.is_valid else ward.buffer(0) for ward in wards])

with rasterio.open(f"{folder}/population-2025-100m.tif") as raster:
    people = raster.read(1).astype("float64")
    rows, columns = np.nonzero(people > 0)
    lon, lat = raster.xy(rows, columns)
    lon, lat = np.asarray(lon), np.asarray(lat)
    people = people[rows, columns]
inside = shapely.contains_xy(city, lon, lat)
lon, lat, people = lon[inside], lat[inside], people[inside]

geod = Geod(ellps="WGS84")
tree = shapely.STRtree(shapely.points(stops))
near_cell, near_stop = tree.query(shapely.points(lon, lat), predicate="dwithin", distance=0.006)
_, _, distance = geod.inv(lon[near_cell], lat[near_cell], stops[near_stop, 0], stops[near_stop, 1])
reached = np.zeros(len(lon), dtype=bool)
reached[near_cell[distance <= 500.0]] = True
convenience = 100 * people[reached].sum() / people.sum()

centre = city.centroid
local = Transformer.from_crs(
    "EPSG:4326", f"+proj=tmerc +lat_0={centre.y} +lon_0={centre.x} +ellps=WGS84", always_xy=True
)
metric = [LineString(list(zip(*local.transform(*zip(*[(x, y) for _, x, y in sorted(line)]))))) for line in lines.values()]
network = {}
for width in (5.0, 10.0, 15.0):
    area = shapely.union_all([line.buffer(width, cap_style="flat") for line in metric]).area
    network[width] = area / (2 * width) / 1000 / (people.sum() / 100_000)

with open(f"{folder}/air-quality-pm25-2018.csv", encoding="utf-8-sig") as file:
    readings = []
    for row in csv.DictReader(file):
        for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"):
            try:
                datetime.strptime(row["timestamp"], form)
                readings.append(float(row["P2"]))
                break
            except ValueError:
                pass

print(
    json.dumps(
        {
            "EC: I: T: 2A": convenience,
            "EC: I: T: 1C": network[10.0],
            "EC: I: T: 1C (5 m)": network[5.0],
            "EC: I: T: 1C (15 m)": network[15.0],
            "EN: EN: AQ: 1C PM2.5": float(np.mean(readings)),
            "inhabitants": people.sum(),
        }
    )
)
