"""Option pricing: Black-Scholes with greeks, Monte Carlo for a barrier and an Asian option, and value at risk.

The closed form prices a book of millions of options; the simulation prices two that have none; the value at risk
comes from revaluing a small portfolio in full under many scenarios of spot, volatility and interest rate.
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


def price_book(rng, n):
    spot = rng.uniform(20.0, 120.0, n)
    strike = rng.uniform(20.0, 120.0, n)
    years = rng.uniform(0.1, 3.0, n)
    rate, vol = 0.03, 0.25
    call, put = black_scholes(spot, strike, years, rate, vol)
    delta, gamma, vega = greeks(spot, strike, years, rate, vol)
    return {
        "call": call.mean(), "put": put.mean(), "dearest": call.max(),
        "delta": delta.mean(), "gamma": gamma.mean(), "vega": vega.mean(),
        "sample": np.stack([call[:1000], put[:1000], delta[:1000], gamma[:1000], vega[:1000]]),
    }


def monte_carlo(rng, paths, steps=32, spot=100.0, strike=100.0, barrier=85.0, years=1.0, rate=0.03, vol=0.2):
    """A down-and-out call and an arithmetic Asian call, with antithetic paths."""
    dt = years / steps
    drift, noise = (rate - 0.5 * vol**2) * dt, vol * dt**0.5
    up, down = np.full(paths, spot), np.full(paths, spot)
    up_alive, down_alive = np.ones(paths, bool), np.ones(paths, bool)
    up_sum, down_sum = np.zeros(paths), np.zeros(paths)
    for _ in range(steps):
        z = noise * rng.standard_normal(paths)
        up *= np.exp(drift + z)
        down *= np.exp(drift - z)
        up_alive &= up > barrier
        down_alive &= down > barrier
        up_sum += up
        down_sum += down
    discount = float(np.exp(-rate * years))
    knock_out = 0.5 * discount * (np.maximum(up - strike, 0) * up_alive + np.maximum(down - strike, 0) * down_alive)
    asian = 0.5 * discount * (np.maximum(up_sum / steps - strike, 0) + np.maximum(down_sum / steps - strike, 0))
    error = paths**0.5
    return knock_out.mean(), knock_out.std() / error, asian.mean(), asian.std() / error


def value_at_risk(rng, scenarios, spot=100.0, rate=0.03, vol=0.2, days=10):
    """Ten-day losses of a portfolio of options, each revalued in full in every scenario."""
    portfolio = [  # (calls, puts, strike, years)
        (+120, 0, 105.0, 0.5), (-80, 0, 120.0, 0.5), (0, +150, 90.0, 0.25), (0, -60, 80.0, 1.0), (+40, +40, 100.0, 1.5),
    ]
    horizon = days / 252
    move = rng.standard_normal(scenarios)
    spots = spot * np.exp((rate - 0.5 * vol**2) * horizon + vol * horizon**0.5 * move)
    # Volatility rises when the market falls.
    vols = vol * np.exp(0.25 * horizon**0.5 * (0.8 * rng.standard_normal(scenarios) - 2.4 * move))
    rates = rate + 0.004 * horizon**0.5 * rng.standard_normal(scenarios)
    profit = np.zeros(scenarios)
    for calls, puts, strike, years in portfolio:
        call_now, put_now = black_scholes(spot, strike, years, rate, vol)
        call, put = black_scholes(spots, strike, years - horizon, rates, vols)
        profit += calls * (call - call_now) + puts * (put - put_now)
    var99 = -np.percentile(profit, 1.0)
    tail = profit[profit <= -var99]
    return profit, var99, -tail.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many options, paths and scenarios (default 1)")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write the main results there")
    args = parser.parse_args()

    rng = np.random.default_rng(7)
    n, paths, scenarios = int(4_000_000 * args.scale), int(400_000 * args.scale), int(2_000_000 * args.scale)

    book = price_book(rng, n)
    print(f"a book of {n:,} options")
    for name in ("call", "put", "dearest", "delta", "gamma", "vega"):
        print(f"  {name:8s} {float(book[name]):14.8f}")

    out, out_error, asian, asian_error = (float(q) for q in monte_carlo(rng, paths))
    print(f"{paths:,} antithetic pairs of paths")
    print(f"  down-and-out call {out:.6f} +- {out_error:.6f}")
    print(f"  Asian call        {asian:.6f} +- {asian_error:.6f}")

    profit, var99, shortfall = value_at_risk(rng, scenarios)
    print(f"ten-day profit and loss over {scenarios:,} scenarios")
    print(f"  mean {float(profit.mean()):.4f}, standard deviation {float(profit.std()):.4f}")
    print(f"  99% value at risk {float(var99):.4f}, expected shortfall {float(shortfall):.4f}")

    if args.save:
        np.savez(args.save, **book, barrier=out, asian=asian, profit=profit[:100_000], var99=var99, shortfall=shortfall)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, ax = plt.subplots(figsize=(7, 4))
        ax.hist(profit, bins=200)
        ax.axvline(float(-var99), color="red", label="99% value at risk")
        ax.set_xlabel("ten-day profit")
        ax.legend()
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
