"""Planets around a star: a loop over pairs of 3-vectors, as one writes it first."""

import numpy as np

G = 6.674e-11
DAY = 86400.0


class Body:
    def __init__(self, name, mass, position, velocity):
        self.name = name
        self.mass = mass
        self.position = np.array(position, dtype=float)
        self.velocity = np.array(velocity, dtype=float)
        self.history = []

    def __repr__(self):
        return f"Body({self.name}, {self.position}, {self.velocity})"


bodies = [
    Body("sun", 1.989e30, [0, 0, 0], [0, 0, 0]),
    Body("earth", 5.972e24, [1.496e11, 0, 0], [0, 29780, 0]),
    Body("mars", 6.39e23, [-2.279e11, 0, 1e9], [0, -24070, 10]),
    Body("venus", 4.867e24, [0, 1.082e11, 0], [-35020, 0, 0]),
]


def energy():
    kinetic = sum(0.5 * b.mass * np.dot(b.velocity, b.velocity) for b in bodies)
    potential = 0
    for i, a in enumerate(bodies):
        for b in bodies[i + 1 :]:
            potential -= G * a.mass * b.mass / np.linalg.norm(a.position - b.position)
    return kinetic + potential


start = energy()
for step in range(200):
    for a in bodies:
        acceleration = np.zeros(3)
        for b in bodies:
            if a is b:
                continue
            r = b.position - a.position
            acceleration += G * b.mass * r / np.sqrt(r @ r) ** 3
        a.velocity += acceleration * DAY
    for a in bodies:
        a.position += a.velocity * DAY
        if step % 50 == 0:
            a.history.append(a.position.copy())
for b in bodies:
    print(b.name, np.round(b.position / 1e6), "%.6e" % np.abs(b.velocity).max())
print(np.array(bodies[1].history) / 1e9)
print(f"drift {abs((energy() - start) / start):.2e}", type(energy()))
centre = sum(b.mass * b.position for b in bodies) / sum(b.mass for b in bodies)
print(centre.shape, centre.dtype, bodies[2])
