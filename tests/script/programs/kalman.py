"""A Kalman filter, an alpha-beta filter and a moving average over noisy positions."""

import numpy as np


class KalmanFilter:
    def __init__(self, F, H, Q, R, P, x0):
        self.n = F.shape[1]
        self.F, self.H, self.Q, self.R, self.P = F, H, Q, R, P
        self.x = np.zeros((self.n, 1)) if x0 is None else x0

    def predict(self, u=0):
        self.x = np.dot(self.F, self.x)
        self.P = np.dot(np.dot(self.F, self.P), self.F.T) + self.Q
        return self.x

    def update(self, z):
        y = z - np.dot(self.H, self.x)
        S = self.R + np.dot(self.H, np.dot(self.P, self.H.T))
        K = np.dot(np.dot(self.P, self.H.T), np.linalg.inv(S))
        self.x = self.x + np.dot(K, y)
        eye = np.eye(self.n)
        self.P = np.dot(np.dot(eye - np.dot(K, self.H), self.P), (eye - np.dot(K, self.H)).T) + np.dot(
            np.dot(K, self.R), K.T
        )


dt = 1.0 / 60
F = np.array([[1, dt, 0], [0, 1, dt], [0, 0, 1]])
H = np.array([1, 0, 0]).reshape(1, 3)
Q = np.array([[0.05, 0.05, 0.0], [0.05, 0.05, 0.0], [0.0, 0.0, 0.0]])
R = np.array([0.5]).reshape(1, 1)
np.random.seed(0)
x = np.linspace(-10, 10, 60)
measurements = -(x**2 + 2 * x - 2) + np.random.normal(0, 2, 60)
kf = KalmanFilter(F, H, Q, R, np.eye(3), None)
predictions = []
for z in measurements:
    predictions.append(np.dot(H, kf.predict())[0])
    kf.update(z)
predictions = np.array(predictions)
print(predictions.shape, predictions[::12, 0].round(5))
print(kf.x.ravel().round(6), kf.P.round(6), np.allclose(kf.P, kf.P.T))

window = 5
weights = np.repeat(1.0, window) / window
smooth = np.convolve(measurements, weights, "valid")
print(smooth[:4].round(6), smooth.size, np.cumsum(measurements)[-1].round(5))
g, h = 0.2, 0.02
estimate, rate, results = measurements[0], 1.0, []
for z in measurements:
    guess = estimate + rate * dt
    residual = z - guess
    rate = rate + h * (residual / dt)
    estimate = guess + g * residual
    results.append(estimate)
print(np.array(results)[-3:], type(results[0]), np.std(results, ddof=1))
