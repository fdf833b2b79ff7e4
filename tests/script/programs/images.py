"""Image work by loops and with stride tricks: convolution, Sobel, median, histogram equalisation, connected parts."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

yy, xx = np.mgrid[0:16, 0:20]
image = ((xx * 7 + yy * 13 + (xx * yy) % 11 * 9) % 256).astype(np.uint8)
kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16.0


def convolve(img, k):
    kh, kw = k.shape
    padded = np.pad(img.astype(float), ((kh // 2,), (kw // 2,)), mode="edge")
    out = np.zeros(img.shape)
    for i in range(img.shape[0]):
        for j in range(img.shape[1]):
            out[i, j] = (padded[i : i + kh, j : j + kw] * k[::-1, ::-1]).sum()
    return out


blurred = convolve(image, kernel)
padded = np.pad(image.astype(float), 1, "edge")
windows = as_strided(padded, shape=image.shape + (3, 3), strides=padded.strides * 2)
tricks = np.einsum("ijkl,kl->ij", windows, kernel)
views = np.tensordot(sliding_window_view(padded, (3, 3)), kernel, axes=((2, 3), (0, 1)))
print(np.allclose(blurred, tricks), np.allclose(blurred, views), windows.shape, windows.strides)
print(np.rint(blurred).astype(np.uint8)[:3, :8])
gx = convolve(image, np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]))
gy = convolve(image, np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]).T)
edges = np.hypot(gx, gy)
print(edges.max().round(6), (edges > edges.mean()).sum(), np.arctan2(gy, gx)[4, :4].round(6))
median = np.median(sliding_window_view(np.pad(image, 1, "reflect"), (3, 3)), axis=(-2, -1))
print(median[0, :6], median.dtype)
hist, bins = np.histogram(image.flatten(), 256, [0, 256])
cdf = hist.cumsum()
masked = np.ma.masked_equal(cdf, 0)
masked = (masked - masked.min()) * 255 / (masked.max() - masked.min())
table = np.ma.filled(masked, 0).astype("uint8")
equal = table[image]
print(equal[2, :8], equal.mean().round(6), hist.sum(), bins[-1])
labels, count = np.zeros(image.shape, dtype=int), 0
binary = image > 200
for i, j in zip(*np.nonzero(binary)):
    if labels[i, j]:
        continue
    count += 1
    stack = [(i, j)]
    while stack:
        y, x = stack.pop()
        if y < 0 or x < 0 or y >= 16 or x >= 20 or not binary[y, x] or labels[y, x]:
            continue
        labels[y, x] = count
        stack += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
print(count, np.bincount(labels.ravel())[:5])
rgb = np.dstack([image, image[::-1], 255 - image])
grey = np.dot(rgb[..., :3], [0.2989, 0.587, 0.114])
print(rgb.shape, grey[0, :3], rgb[:, ::-1].flags.c_contiguous, rgb.transpose(2, 0, 1).strides, rgb.swapaxes(0, 1)[1, 2])
small = image[:16, :20].reshape(8, 2, 10, 2).mean(axis=(1, 3))
big = image[:2, :3].repeat(2, axis=0).repeat(2, axis=1)
print(small[0, :4], big, np.rot90(image[:2, :2]), np.flipud(image)[0, 0], image.tobytes()[:4], image.nbytes)
overflow = image + np.uint8(100)
print(overflow[0, :6], (image.astype(np.int16) + 100).clip(0, 255).astype(np.uint8)[0, :6], image.dtype.name, overflow.dtype)
values, inverse = np.unique(image // 64, return_inverse=True)
print(values, inverse.shape, np.digitize(image[0, :5], [50, 100, 200]), np.bitwise_and(image, 0x0F)[0, :5], (image >> 4)[0, :5])
