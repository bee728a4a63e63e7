"""Writes epsg.tsv: codes of EPSG that the crate crs-definitions does not have yet, as strings of PROJ.

    python epsg.py DEFS > epsg.tsv        (needs pyproj; DEFS: the crate's definitions as lines `code TAB proj string`)

Only systems whose datum is WGS 84 to within three metres, so that their strings say all there is to say: each is
tried at two places against PROJ's database.
"""

import re
import sys
import warnings

import pyproj
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.transformer import TransformerGroup

warnings.simplefilter("ignore")
known = {int(line.split("\t")[0]) for line in open(sys.argv[1]) if line.rstrip("\n").split("\t")[1]}
METHODS = {"tmerc", "utm", "lcc", "laea", "aea", "aeqd", "sterea", "cass", "omerc", "longlat", "eqearth", "cea", "merc"}
rows = []
for info in query_crs_info("EPSG", [PJType.PROJECTED_CRS, PJType.GEOGRAPHIC_2D_CRS]):
    code = int(info.code)
    if info.deprecated or code in known or code > 65535:
        continue
    crs = pyproj.CRS.from_epsg(code)
    try:
        text = crs.to_proj4().replace(" +no_defs", "").replace(" +type=crs", "")
    except pyproj.exceptions.CRSError:
        continue
    method = re.search(r"\+proj=(\w+)", text).group(1)
    if method not in METHODS or not re.search("GRS80|WGS84|NAD83", text) or crs.area_of_use is None:
        continue
    # Grids of engineers, for one railway line each, are no city's.
    if re.search(r"IRF$|Grid$", info.name) and method == "longlat":
        continue
    west, south, east, north = crs.area_of_use.bounds
    east += 360 if east < west else 0
    plain = pyproj.Transformer.from_crs(text + " +towgs84=0,0,0" if "datum" not in text else text, "+proj=longlat +datum=WGS84", always_xy=True)
    good = True
    for across, up in ((0.5, 0.5), (0.2, 0.7)):
        lon, lat = west + (east - west) * across, south + (north - south) * up
        lon -= 360 if lon > 180 else 0
        area = pyproj.aoi.AreaOfInterest(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)
        group = TransformerGroup("EPSG:4326", crs, always_xy=True, area_of_interest=area, allow_ballpark=False)
        if not group.transformers:
            good = False
            break
        back = plain.transform(*group.transformers[0].transform(lon, lat))
        if not (abs(back[0] - lon) % 360 < 3 / 111_000 and abs(back[1] - lat) < 3 / 111_000):
            good = False
    if good:
        rows.append((code, text))
print("# EPSG code\tdefinition")
for code, text in rows:
    print(f"{code}\t{text}")
