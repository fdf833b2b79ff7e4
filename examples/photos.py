"""An image pipeline on two photographs: enlarge, denoise, sharpen, equalise, saturate, and find the edges.

The photographs are the ones that scikit-learn ships (a Chinese temple and a flower), 427 x 640 pixels each, enlarged
first by bilinear interpolation so that there is something to do.
"""

import argparse

import numpy as np
from sklearn.datasets import load_sample_images


def enlarge(image, factor):
    """Bilinear interpolation of an (h, w, 3) image."""
    h, w = image.shape[:2]
    y = np.linspace(0, h - 1, round(h * factor))
    x = np.linspace(0, w - 1, round(w * factor))
    i, j = np.minimum(y.astype(int), h - 2), np.minimum(x.astype(int), w - 2)
    fy, fx = (y - i)[:, None, None], (x - j)[None, :, None]
    top, bottom = image[i], image[i + 1]
    top = top[:, j] * (1 - fx) + top[:, j + 1] * fx
    bottom = bottom[:, j] * (1 - fx) + bottom[:, j + 1] * fx
    return top * (1 - fy) + bottom * fy


def gaussian_blur(image, sigma):
    """Separable Gaussian blur of a 2-d image, edges repeated."""
    radius = int(3 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).tolist()
    h, w = image.shape
    padded = np.pad(image, ((radius, radius), (0, 0)), mode="edge")
    rows = sum(k * padded[i : i + h] for i, k in enumerate(kernel))
    padded = np.pad(rows, ((0, 0), (radius, radius)), mode="edge")
    return sum(k * padded[:, i : i + w] for i, k in enumerate(kernel))


def sobel(image):
    """Strength and direction of the edges of a 2-d image, one pixel smaller on each side."""
    gx = (image[:-2, 2:] + 2 * image[1:-1, 2:] + image[2:, 2:]) - (image[:-2, :-2] + 2 * image[1:-1, :-2] + image[2:, :-2])
    gy = (image[2:, :-2] + 2 * image[2:, 1:-1] + image[2:, 2:]) - (image[:-2, :-2] + 2 * image[:-2, 1:-1] + image[:-2, 2:])
    return np.hypot(gx, gy), np.arctan2(gy, gx)


def rgb_to_ycbcr(r, g, b):
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return y, 0.5 + (b - y) * 0.564, 0.5 + (r - y) * 0.713


def ycbcr_to_rgb(y, cb, cr):
    r = y + 1.403 * (cr - 0.5)
    b = y + 1.773 * (cb - 0.5)
    g = (y - 0.299 * r - 0.114 * b) / 0.587
    return np.clip(r, 0, 1), np.clip(g, 0, 1), np.clip(b, 0, 1)


def rgb_to_hsv(r, g, b):
    value = np.maximum(np.maximum(r, g), b)
    chroma = value - np.minimum(np.minimum(r, g), b)
    grey = chroma == 0
    c = np.where(grey, 1.0, chroma)
    hue = np.where(value == r, ((g - b) / c) % 6, np.where(value == g, (b - r) / c + 2, (r - g) / c + 4))
    hue = np.where(grey, 0.0, hue / 6)
    saturation = np.where(value == 0, 0.0, chroma / np.where(value == 0, 1.0, value))
    return hue, saturation, value


def hsv_to_rgb(hue, saturation, value):
    def channel(n):
        k = (n + hue * 6) % 6
        return value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)

    return channel(5), channel(3), channel(1)


def equalise(y, levels=1024):
    """Histogram equalisation: brightness becomes its own rank, half way."""
    index = np.clip((y * (levels - 1)).astype(np.int64), 0, levels - 1)
    histogram = np.bincount(index.ravel(), minlength=levels)
    rank = np.cumsum(histogram) / histogram.sum()
    return 0.5 * y + 0.5 * rank[index]


def develop(photo, factor):
    image = enlarge(photo / 255.0, factor)
    r, g, b = (image[..., k] for k in range(3))

    y, cb, cr = rgb_to_ycbcr(r, g, b)
    cb, cr = gaussian_blur(cb, 2.0), gaussian_blur(cr, 2.0)  # colour noise
    y = y + 0.8 * (y - gaussian_blur(y, 1.5))  # unsharp mask
    y = equalise(np.clip(y, 0, 1))

    hue, saturation, value = rgb_to_hsv(*ycbcr_to_rgb(y, cb, cr))
    saturation = np.clip(1.25 * saturation, 0, 1)
    strength, direction = sobel(gaussian_blur(y, 1.0))
    return np.stack(hsv_to_rgb(hue, saturation, value), axis=-1), strength, direction


def thumbnail(edges, rows=18, columns=54):
    """The mean strength of the edges over blocks, as text."""
    h, w = edges.shape[0] // rows, edges.shape[1] // columns
    blocks = edges[: h * rows, : w * columns].reshape(rows, h, columns, w).mean(axis=(1, 3))
    shade = np.clip(blocks / blocks.max() * 10, 0, 9).astype(int)
    return "\n".join("".join(" .:-=+*#%@"[k] for k in row) for row in shade.tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many pixels (default 1)")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write a part of the images there")
    args = parser.parse_args()

    factor = 3 * args.scale**0.5
    results, pictures = {}, []
    for name, photo in zip(("temple", "flower"), load_sample_images().images, strict=True):
        colour, strength, direction = develop(np.asarray(photo), factor)
        horizontal = np.abs(np.sin(direction)) > 0.92
        print(f"{name}, {colour.shape[0]} x {colour.shape[1]} pixels; its edges:")
        print(thumbnail(strength))
        print("  mean red, green, blue  " + " ".join(f"{q:.8f}" for q in colour.mean(axis=(0, 1)).tolist()))
        print("  contrast               " + " ".join(f"{q:.8f}" for q in colour.std(axis=(0, 1)).tolist()))
        print(f"  mean edge strength     {float(strength.mean()):.8f}")
        print(f"  horizontal edges       {float((strength * horizontal).sum() / strength.sum()):.8f}")
        results[name] = colour[::4, ::4]
        results[name + "_edges"] = strength[::4, ::4]
        pictures.append((photo, colour, strength))

    if args.save:
        np.savez(args.save, **results)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, axes = plt.subplots(2, 3, figsize=(13, 6))
        for row, (photo, colour, strength) in zip(axes, pictures, strict=True):
            row[0].imshow(photo)
            row[1].imshow(colour)
            row[2].imshow(strength, cmap="gray", vmax=1)
        for ax, title in zip(axes[0], ("as shipped", "developed", "edges"), strict=True):
            ax.set_title(title)
        for ax in axes.flat:
            ax.axis("off")
        fig.tight_layout()
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
