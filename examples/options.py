"""Option pricing: Black-Scholes with greeks, Monte Carlo for a barrier and an Asian option, and value at risk.

The closed form prices a surface of millions of options; the simulation prices two kinds that have no closed form; the
value at risk comes from revaluing a small portfolio in full under many scenarios of spot, volatility and interest rate.
"""

import argparse

import numpy as np


def normal_cdf(x):
    """The standard normal distribution function (Abramowitz and Stegun 26.2.17, absolute error below 7.5e-8)."""
    k = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    series = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = np.exp(-0.5 * x * x) * 0.3989422804014327 * series
    return np.where(x > 0, 1.0 - tail, tail)


def black_scholes(spot, strike, years, rate, vol):
    """Prices of European calls and puts."""
    root = vol * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + 0.5 * vol**2) * years) / root
    d2 = d1 - root
    discounted = strike * np.exp(-rate * years)
    call = spot * normal_cdf(d1) - discounted * normal_cdf(d2)
    put = call - spot + discounted
    return call, put


def greeks(spot, strike, years, rate, vol):
    root = vol * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + 0.5 * vol**2) * years) / root
    density = 0.3989422804014327 * np.exp(-0.5 * d1**2)
    return normal_cdf(d1), density / (spot * root), spot * density * np.sqrt(years)


def price_surface(n):
    """Every combination of n spots, n strikes and n / 2 maturities."""
    spot = np.linspace(50.0, 150.0, n)[:, None, None]
    strike = np.linspace(60.0, 140.0, n)[None, :, None]
    years = np.linspace(0.1, 3.0, n // 2)[None, None, :]
    rate, vol = 0.03, 0.25
    call, put = black_scholes(spot, strike, years, rate, vol)
    delta, gamma, vega = greeks(spot, strike, years, rate, vol)
    return {
        "call": call.mean(),
        "put": put.mean(),
        "dearest": call.max(),
        "delta": delta.mean(),
        "gamma": gamma.mean(),
        "vega": vega.mean(),
        "sample": np.stack([q[::8, ::8, ::8] for q in (call, put, delta, gamma, vega)]),
    }


def monte_carlo(rng, paths, steps=32, spot=100.0, strike=100.0, barrier=85.0, years=1.0, rate=0.03):
    """A down-and-out call and an arithmetic Asian call at several volatilities, with common and antithetic numbers."""
    vol = np.array([0.15, 0.20, 0.25, 0.30])[:, None]
    dt = years / steps
    drift, noise = (rate - 0.5 * vol**2) * dt, vol * dt**0.5
    shape = (len(vol), paths)
    up, down = np.full(shape, spot), np.full(shape, spot)
    up_alive, down_alive = np.ones(shape, bool), np.ones(shape, bool)
    up_sum, down_sum = np.zeros(shape), np.zeros(shape)
    for _ in range(steps):
        z = rng.standard_normal(paths)
        up *= np.exp(drift + noise * z)
        down *= np.exp(drift - noise * z)
        up_alive &= up > barrier
        down_alive &= down > barrier
        up_sum += up
        down_sum += down
    discount = 0.5 * float(np.exp(-rate * years))
    knock_out = discount * (np.maximum(up - strike, 0) * up_alive + np.maximum(down - strike, 0) * down_alive)
    asian = discount * (np.maximum(up_sum / steps - strike, 0) + np.maximum(down_sum / steps - strike, 0))
    error = paths**0.5
    return vol[:, 0], knock_out.mean(axis=1), knock_out.std(axis=1) / error, asian.mean(axis=1), asian.std(axis=1) / error


def value_at_risk(rng, scenarios, spot=100.0, rate=0.03, vol=0.2, horizons=(1, 5, 10, 20)):
    """Losses over some days of a portfolio of options, each revalued in full in every scenario."""
    portfolio = [  # (calls, puts, strike, years)
        (+120, 0, 105.0, 0.5),
        (-80, 0, 120.0, 0.5),
        (0, +150, 90.0, 0.25),
        (0, -60, 80.0, 1.0),
        (+40, +40, 100.0, 1.5),
    ]
    # Volatility rises when the market falls.
    market, fear, bank = (rng.standard_normal(scenarios) for _ in range(3))
    fear = 0.8 * fear - 2.4 * market
    today = 0.0
    for calls, puts, strike, years in portfolio:
        call, put = black_scholes(spot, strike, years, rate, vol)
        today += float(calls * call + puts * put)
    rows = []
    for days in horizons:
        t = days / 252
        spots = spot * np.exp((rate - 0.5 * vol**2) * t + vol * t**0.5 * market)
        vols = vol * np.exp(0.25 * t**0.5 * fear)
        rates = rate + 0.004 * t**0.5 * bank
        value = np.zeros(scenarios)
        for calls, puts, strike, years in portfolio:
            call, put = black_scholes(spots, strike, years - t, rates, vols)
            value += calls * call + puts * put
        profit = value - today
        var99 = -np.percentile(profit, 1.0)
        shortfall = -profit[profit <= -var99].mean()
        rows.append([float(q) for q in (profit.mean(), profit.std(), var99, shortfall)])
    return profit, np.array(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many options, paths and scenarios (default 1)")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write the main results there")
    args = parser.parse_args()

    rng = np.random.default_rng(7)
    n, paths, scenarios = round(200 * args.scale ** (1 / 3)), int(200_000 * args.scale), int(1_000_000 * args.scale)

    surface = price_surface(n)
    print(f"a surface of {n * n * (n // 2):,} options")
    print("mean price and greeks, and the dearest call:")
    for name in ("call", "put", "dearest", "delta", "gamma", "vega"):
        print(f"  {name:8s} {float(surface[name]):14.8f}")

    vol, out, out_error, asian, asian_error = monte_carlo(rng, paths)
    print(f"{paths:,} antithetic pairs of paths")
    print("  volatility   down-and-out call          Asian call")
    for row in np.stack([vol, out, out_error, asian, asian_error], axis=1).tolist():
        print("  {:10.2f}   {:.6f} +- {:.6f}   {:.6f} +- {:.6f}".format(*row))

    horizons = (1, 5, 10, 20)
    profit, risk = value_at_risk(rng, scenarios, horizons=horizons)
    print(f"profit and loss over {scenarios:,} scenarios")
    print("  days        mean   std dev   99% value at risk   expected shortfall")
    for days, (mean, deviation, var99, shortfall) in zip(horizons, risk.tolist(), strict=True):
        print(f"  {days:4d} {mean:11.4f} {deviation:9.4f} {var99:19.4f} {shortfall:20.4f}")

    if args.save:
        np.savez(args.save, **surface, out=out, asian=asian, profit=profit[:100_000], risk=risk)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, ax = plt.subplots(figsize=(7, 4))
        ax.hist(profit, bins=200)
        ax.axvline(-var99, color="red", label="99% value at risk")
        ax.set_xlabel("twenty-day profit")
        ax.legend()
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
