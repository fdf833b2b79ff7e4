"""Tables as text: genfromtxt, loadtxt, savetxt, CSV by hand, structured and record arrays, sorting by fields."""

import csv
import io

import numpy as np

TEXT = """name,age,height,joined
Ann,31,1.70,2019-03-01
Bob,45,1.82,2001-11-23
Cid,,1.65,2020-02-29
Dee,27,1.75,1999-12-31
"""
data = np.genfromtxt(io.StringIO(TEXT), delimiter=",", names=True, dtype=None, encoding="utf-8", missing_values="")
print(data, data.dtype.names, data["height"].mean(), data[1]["name"], data["age"].dtype)
print(data[data["height"] > 1.7]["name"], np.sort(data, order="height")["name"])
people = np.array([("Ann", 31, 1.7), ("Bob", 45, 1.82), ("Cid", 8, 1.2)], dtype=[("name", "U10"), ("age", "i4"), ("height", "<f8")])
people["age"] += 1
people[0] = ("Zoe", 99, 1.5)
print(people, people.dtype, people.shape, people["age"].sum(), people[["name", "age"]][1:], people[1].item())
for row in people:
    print(row["name"], row["age"] * 2, row[2], len(row), type(row).__name__)
rec = people.view(np.recarray)
print(rec.age, rec[0].name, rec.height.max(), type(rec), np.rec.fromarrays([[1, 2], [3.5, 4.5]], names="a,b").b)
nested = np.zeros(2, dtype=[("pos", [("x", "f4"), ("y", "f4")]), ("tags", "i2", (2, 2))])
nested["pos"]["x"] = [1, 2]
nested["tags"][1] = np.arange(4).reshape(2, 2)
print(nested, nested["tags"].sum(axis=(1, 2)), nested.dtype.itemsize, nested["pos"].dtype)
matrix = np.loadtxt(io.StringIO("# comment\n1 2 3\n4 5 6\n"), dtype=int)
a, b, c = np.loadtxt(["1,2,3", "4,5,6"], delimiter=",", unpack=True)
print(matrix, matrix.dtype, a, b, c)
out = io.StringIO()
np.savetxt(out, matrix / 3, fmt="%.4f", delimiter=";", header="a;b;c", footer="end")
print(out.getvalue())
out = io.BytesIO()
np.savetxt(out, people, fmt=["%s", "%d", "%.2f"], delimiter=",")
print(out.getvalue().decode())
rows = list(csv.reader(io.StringIO(TEXT)))[1:]
heights = np.array([float(r[2]) for r in rows])
names = np.array([r[0] for r in rows])
dates = np.array([r[3] for r in rows], dtype="datetime64[D]")
print(heights, names, dates, names[np.argsort(heights)], dates.max() - dates.min(), names[heights > heights.mean()].tolist())
cols = list(zip(*[(1, 2.5, "x"), (2, 3.5, "y")]))
print([np.array(col).dtype for col in cols], np.column_stack((cols[0], cols[1])), np.array(rows)[:, 0], np.array(rows).shape)
groups = np.array(["b", "a", "b", "c", "a"])
amounts = np.array([1.0, 2, 3, 4, 5])
for key in np.unique(groups):
    print(key, amounts[groups == key].sum(), type(key).__name__)
keys, where = np.unique(groups, return_inverse=True)
print(dict(zip(keys.tolist(), np.bincount(where, weights=amounts).tolist())), np.lexsort((amounts, groups)))
buffer = io.BytesIO()
np.savez(buffer, people=people, matrix=matrix)
buffer.seek(0)
with np.load(buffer) as archive:
    print(sorted(archive.files), archive["people"]["age"], archive["matrix"][1])
print(np.array2string(matrix, separator=", "), repr(people[0]), str(matrix / 7), repr(matrix.astype(np.float32) / 3))
