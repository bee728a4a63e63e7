"""Writes datums.tsv: which EPSG geographic coordinate system tells the shift to WGS 84 of a datum that a .prj names.

    python datums.py PROJ.DB DEFS > datums.tsv

PROJ.DB is PROJ's database (the pyproj package holds one), DEFS the definitions of the crate crs-definitions as lines
`code TAB proj string`. A datum is listed where those definitions know its shift.
"""

import re
import sqlite3
import sys

definitions = dict(line.rstrip("\n").split("\t") for line in open(sys.argv[2]))
db = sqlite3.connect(sys.argv[1])
rows = db.execute(
    """select g.code, d.code, d.name from geodetic_crs g
       join geodetic_datum d on g.datum_code = d.code and g.datum_auth_name = d.auth_name
       where g.auth_name = 'EPSG' and g.type = 'geographic 2D' and d.prime_meridian_code = 8901
       order by g.deprecated, cast(g.code as integer)"""
).fetchall()
aliases = {}
for code, name in db.execute("select code, alt_name from alias_name where table_name = 'geodetic_datum' and auth_name = 'EPSG'"):
    aliases.setdefault(str(code), []).append(name)


def plain(name):
    return re.sub("[^a-z0-9]", "", re.sub("^D_", "", name).lower())


table = {}
for crs, datum, name in rows:
    definition = definitions.get(str(crs), "")
    shift = re.search(r"\+(towgs84|datum)=(\S+)", definition)
    if not shift or shift.group(2) in ("NAD27", "NAD83", "WGS84"):
        continue
    if shift.group(1) == "towgs84" and not any(float(n) for n in shift.group(2).split(",")):
        continue
    for alias in [name, *aliases.get(str(datum), [])]:
        table.setdefault(plain(alias), crs)
print("# datum (letters and digits of its name)\tEPSG code of its geographic coordinate system")
for name, crs in sorted(table.items()):
    if len(name) > 3:
        print(f"{name}\t{crs}")
