"""Finance: a price history, moving averages, drawdown, a portfolio, a bond, an order book, a binomial tree."""

import numpy as np

np.random.seed(10)
returns = np.random.normal(0.0005, 0.01, 250)
prices = 100 * np.cumprod(1 + returns)
log_returns = np.diff(np.log(prices))


def sma(values, n):
    c = np.cumsum(np.insert(values, 0, 0))
    return (c[n:] - c[:-n]) / n


def ema(values, span):
    k = 2 / (span + 1)
    out = np.empty_like(values)
    out[0] = values[0]
    for i in range(1, len(values)):
        out[i] = values[i] * k + out[i - 1] * (1 - k)
    return out


fast, slow = sma(prices, 5)[15:], sma(prices, 20)
signal = np.where(fast > slow, 1, -1)
crossings = np.where(np.diff(signal))[0]
print(prices[-3:].round(6), fast.size, slow.size, crossings[:6], ema(prices, 10)[-1].round(6))
peak = np.maximum.accumulate(prices)
drawdown = (prices - peak) / peak
print(drawdown.min().round(8), drawdown.argmin(), "sharpe %.6f" % (np.sqrt(252) * log_returns.mean() / log_returns.std()))
gains = np.where(np.diff(prices) > 0, np.diff(prices), 0.0)
losses = -np.where(np.diff(prices) < 0, np.diff(prices), 0.0)
rs = np.array([gains[i : i + 14].mean() / losses[i : i + 14].mean() for i in range(0, 200, 40)])
print((100 - 100 / (1 + rs)).round(6))
assets = np.random.multivariate_normal([0.01, 0.02, 0.015], np.diag([0.1, 0.2, 0.15]) ** 2, 120)
cov = np.cov(assets.T)
inverse = np.linalg.inv(cov)
ones = np.ones(3)
weights = inverse @ ones / (ones @ inverse @ ones)
print(weights.round(8), weights.sum().round(12), np.sqrt(weights @ cov @ weights).round(8), np.sort(assets[:, 0])[int(0.05 * 120)].round(8))
best = None
for _ in range(50):
    w = np.random.random(3)
    w /= np.sum(w)
    ratio = np.sum(assets.mean(axis=0) * w) / np.sqrt(np.dot(w.T, np.dot(cov, w)))
    if best is None or ratio > best[0]:
        best = ratio, w
print("%.6f" % best[0], best[1].round(5))
cash = np.array([-1000.0] + [50.0] * 4 + [1050.0])
t = np.arange(len(cash))
rate = 0.1
for _ in range(30):
    value = np.sum(cash / (1 + rate) ** t)
    slope = np.sum(-t * cash / (1 + rate) ** (t + 1))
    rate -= value / slope
print("irr %.8f" % rate, np.isclose((cash / (1 + rate) ** t).sum(), 0))


def binomial(S, K, T, r, sigma, n, american=True):
    dt = T / n
    u = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(r * dt) - 1 / u) / (u - 1 / u)
    prices = S * u ** (2 * np.arange(n + 1) - n)
    values = np.maximum(K - prices, 0)
    for i in range(n - 1, -1, -1):
        values = np.exp(-r * dt) * (p * values[1:] + (1 - p) * values[:-1])
        if american:
            exercise = K - S * u ** (2 * np.arange(i + 1) - i)
            values = np.maximum(values, exercise)
    return values[0]


print("%.8f %.8f" % (binomial(100, 110, 1, 0.05, 0.2, 50), binomial(100, 110, 1, 0.05, 0.2, 50, False)))
book = np.zeros(5, dtype=[("price", "f8"), ("size", "i8"), ("side", "S1")])
book["price"] = [10.1, 10.2, 10.0, 9.9, 10.3]
book["size"] = np.arange(1, 6) * 100
book["side"] = [b"B", b"S", b"B", b"B", b"S"]
bids = np.sort(book[book["side"] == b"B"], order="price")[::-1]
print(bids, bids["price"][0], (bids["price"] * bids["size"]).sum() / bids["size"].sum(), np.cumsum(bids["size"]))
dates = np.array("2024-01-01", dtype="M8[D]") + np.arange(250)
monthly = [prices[dates.astype("M8[M]") == m][-1] for m in np.unique(dates.astype("M8[M]"))]
print(np.round(monthly[:4], 6), len(monthly), dates[np.argmax(prices)], np.array(monthly).dtype)
