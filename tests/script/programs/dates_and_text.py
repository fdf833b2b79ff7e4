"""datetime64, timedelta64, string arrays, numpy.char, bytes and Unicode."""

import datetime

import numpy as np

days = np.arange("2024-02-25", "2024-03-05", dtype="datetime64[D]")
print(days, days.dtype, len(days), days[3].item(), np.diff(days)[0], days.astype("datetime64[M]")[-1])
print(np.datetime64("2024-01-31") + np.timedelta64(1, "D"), np.is_busday(days), np.busday_count("2024-02-01", "2024-03-01"))
stamps = np.datetime64("2024-01-01T00:00") + np.arange(4) * np.timedelta64(90, "m")
print(stamps, stamps[1] - stamps[0], (stamps - stamps[0]) / np.timedelta64(1, "h"), stamps.astype(datetime.datetime)[1])
print(np.array([datetime.date(2020, 1, 1), datetime.date(2021, 5, 6)], dtype="M8[D]") > np.datetime64("2020-06-01"))
gaps = np.array(["2020-01-01", "NaT", "2020-01-03"], dtype="datetime64[D]")
print(np.isnat(gaps), gaps[~np.isnat(gaps)].mean if False else gaps.max(), np.sort(gaps), gaps == gaps)
weekday = (days.astype("datetime64[D]").view("int64") - 4) % 7
print(weekday, days[weekday == 0], np.timedelta64(36, "h").astype("timedelta64[D]"), np.timedelta64(5, "s") * 2.5)
names = np.array(["alpha", "Beta", "gamma delta", ""])
print(names, names.dtype, np.char.upper(names), np.char.add(names, "!"), np.char.str_len(names), names == "Beta")
print(np.char.split(names)[2], np.char.replace(names, "a", "4"), np.strings.find(names, "e"), names.astype("S"), names[names != ""])
print(np.array([b"ab", b"c"]), np.array(["1", "2.5"]).astype(float), np.array([1, 22]).astype(str), np.array([1.5, 2]).astype("U3"))
names[0] = "a very long name"
print(names, names.itemsize, np.concatenate([names, ["x" * 15]]).dtype, sorted(names), max(names), "Beta" in names)
mixed = np.array(["one", 2, 3.5])
print(mixed, mixed.dtype, np.array([True, "no"]), np.where(names == "", "empty", names), np.char.center(["a"], 5, "*"))
letters = np.array(list("hello world"))
values, counts = np.unique(letters, return_counts=True)
print(values, counts, "".join(letters[::-1]), np.frombuffer(b"hello", dtype=np.uint8), np.frombuffer(b"hello", "S1"))
codes = np.array([ord(c) for c in "abc"]) + 1
print("".join(map(chr, codes)), codes.astype("uint8").tobytes(), np.array("text"), np.str_("t") + "x", type(letters[0]))
matrix = np.array([["a", "bb"], ["ccc", "d"]])
print(matrix.T, matrix.shape, np.char.multiply(matrix, 2), matrix.tolist(), matrix.ravel()[1:3], np.isin(["a", "z"], matrix))
print(np.array(["10", "9"]).argsort(), np.sort(np.array(["b", "a", "C"])), np.array([None, "a"]), np.array(["a", None]).dtype)
