"""Unsupervised learning on handwritten digits: k-means clusters and principal components.

The 1797 digits that scikit-learn ships are repeated with a little noise, to make a larger set of 8 x 8 images.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits


def load(copies, rng):
    digits = load_digits()
    images, labels = np.asarray(digits.data) / 16.0, np.asarray(digits.target)
    images, labels = np.tile(images, (copies, 1)), np.tile(labels, copies)
    return np.clip(images + 0.05 * rng.standard_normal(images.shape), 0, 1), labels


def squared_distances(points, centres):
    """Of every point to every centre, (points, centres)."""
    return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=-1)


def k_means(points, k, iterations):
    centres = points[:1]
    while len(centres) < k:  # far from the centres there are
        nearest = squared_distances(points[:2000], centres).min(axis=1)
        centres = np.concatenate([centres, points[int(nearest.argmax())][None]])
    for _ in range(iterations):
        distance = squared_distances(points, centres)
        label = distance.argmin(axis=1)
        centres = np.stack([points[label == c].mean(axis=0) for c in range(k)])
    inertia = distance.min(axis=1).mean()
    return centres, label, inertia


def principal_components(points, k):
    """The mean, the k directions of largest variance, and the variances along all of them."""
    mean = points.mean(axis=0)
    centred = points - mean
    variance, vectors = np.linalg.eigh(centred.T @ centred / (len(points) - 1))
    variance, vectors = variance[::-1], vectors[:, ::-1][:, :k]
    # An eigenvector's sign means nothing: let its largest entry be positive.
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(k)]
    return mean, vectors * np.sign(largest), variance


def purity(label, truth, k):
    """The share of points that belong to the commonest digit of their cluster."""
    table = np.bincount(label * 10 + truth, minlength=10 * k).reshape(k, 10)
    return table.max(axis=1).sum() / len(truth), table.argmax(axis=1)


def show(images, per_row=10):
    """8 x 8 images side by side as text."""
    shade = np.clip(images * 10, 0, 9).astype(int).reshape(-1, 8, 8).tolist()
    lines = []
    for start in range(0, len(shade), per_row):
        for y in range(8):
            lines.append(" ".join("".join(" .:-=+*#%@"[s] for s in image[y]) for image in shade[start : start + per_row]))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many images (default 1)")
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write centres and components there")
    args = parser.parse_args()

    rng = np.random.default_rng(3)
    points, truth = load(max(1, round(40 * args.scale)), rng)
    k = args.clusters
    print(f"{len(points):,} digits of 8 x 8")

    centres, label, inertia = k_means(points, k, 12)
    share, digit = purity(label, truth, k)
    print(f"k-means with {k} clusters: mean squared distance {float(inertia):.10f}, purity {float(share):.6f}")
    print("the centres, and the digit that each stands for:")
    print(show(centres))
    print(" ".join(f"   {d}    " for d in digit.tolist()))

    mean, components, variance = principal_components(points, 16)
    scores = (points - mean) @ components
    error = ((points - (mean + scores @ components.T)) ** 2).mean()
    explained = np.cumsum(variance)[:16] / variance.sum()
    print(
        "variance explained by 1, 2, 4, 8, 16 components: " + " ".join(f"{float(explained[i - 1]):.8f}" for i in (1, 2, 4, 8, 16))
    )
    print(f"mean squared error of the reconstruction: {float(error):.10f}")

    if args.save:
        np.savez(args.save, centres=centres, inertia=inertia, label=label, components=components, variance=variance, error=error)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, (left, right) = plt.subplots(1, 2, figsize=(11, 5))
        left.imshow(np.hstack(np.vstack([centres, np.zeros((-k % 5, 64))]).reshape(-1, 5 * 8, 8)), cmap="gray_r")
        left.set_title("centres")
        left.axis("off")
        right.scatter(scores[:4000, 0], scores[:4000, 1], c=truth[:4000], s=4, cmap="tab10")
        right.set_title("first two principal components")
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
