"""A tiny ray tracer: spheres, shadows and reflection with 3-vectors and Python classes."""

import numpy as np

WIDTH, HEIGHT = 24, 12


def normalize(x):
    x /= np.linalg.norm(x)
    return x


def hit_plane(O, D, P, N):
    denom = np.dot(D, N)
    if np.abs(denom) < 1e-6:
        return np.inf
    d = np.dot(P - O, N) / denom
    return np.inf if d < 0 else d


def hit_sphere(O, D, S, R):
    a = np.dot(D, D)
    OS = O - S
    b = 2 * np.dot(D, OS)
    c = np.dot(OS, OS) - R * R
    disc = b * b - 4 * a * c
    if disc > 0:
        root = np.sqrt(disc)
        q = (-b - root) / 2.0 if b < 0 else (-b + root) / 2.0
        t0, t1 = q / a, c / q
        t0, t1 = min(t0, t1), max(t0, t1)
        if t1 >= 0:
            return t1 if t0 < 0 else t0
    return np.inf


def sphere(position, radius, color):
    return dict(kind="sphere", position=np.array(position), radius=np.array(radius), color=np.array(color), mirror=0.5)


scene = [
    sphere([0.75, 0.1, 1.0], 0.6, [0.0, 0.0, 1.0]),
    sphere([-0.75, 0.1, 2.25], 0.6, [0.5, 0.223, 0.5]),
    dict(
        kind="plane", position=np.array([0.0, -0.5, 0.0]), normal=np.array([0.0, 1.0, 0.0]), mirror=0.25,
        color=lambda M: np.ones(3) if (int(M[0] * 2) % 2) == (int(M[2] * 2) % 2) else np.zeros(3),
    ),
]
L, light, eye = np.array([5.0, 5.0, -10.0]), np.ones(3), np.array([0.0, 0.35, -1.0])


def intersect(O, D, obj):
    if obj["kind"] == "plane":
        return hit_plane(O, D, obj["position"], obj["normal"])
    return hit_sphere(O, D, obj["position"], obj["radius"])


def trace(O, D):
    t = np.inf
    for i, obj in enumerate(scene):
        t_obj = intersect(O, D, obj)
        if t_obj < t:
            t, index = t_obj, i
    if t == np.inf:
        return None
    obj = scene[index]
    M = O + D * t
    N = obj["normal"] if obj["kind"] == "plane" else normalize(M - obj["position"])
    color = obj["color"](M) if callable(obj["color"]) else obj["color"]
    toL, toO = normalize(L - M), normalize(eye - M)
    blocked = [intersect(M + N * 0.0001, toL, other) for k, other in enumerate(scene) if k != index]
    if blocked and min(blocked) < np.inf:
        return None
    col = 0.05 + 1.0 * max(np.dot(N, toL), 0) * color
    col += 1.0 * max(np.dot(N, normalize(toL + toO)), 0) ** 50 * light
    return obj, M, N, col


image = np.zeros((HEIGHT, WIDTH, 3))
aspect = float(WIDTH) / HEIGHT
for i, x in enumerate(np.linspace(-1.0, 1.0, WIDTH)):
    for j, y in enumerate(np.linspace(-1.0 / aspect + 0.25, 1.0 / aspect + 0.25, HEIGHT)):
        col = np.zeros(3)
        D = normalize(np.array([x, y, 0.0]) - eye)
        O, depth, mirror = eye, 0, 1.0
        while depth < 3:
            traced = trace(O, D)
            if not traced:
                break
            obj, M, N, shade = traced
            O, D = M + N * 0.0001, normalize(D - 2 * np.dot(D, N) * N)
            depth += 1
            col += mirror * shade
            mirror *= obj["mirror"]
        image[HEIGHT - j - 1, i, :] = np.clip(col, 0, 1)
grey = image @ [0.299, 0.587, 0.114]
for row in grey:
    print("".join(" .:-=+*#%@"[int(v * 9.999)] for v in row))
print((image * 255).astype(np.uint8)[5, ::6], image.mean(axis=(0, 1)))
