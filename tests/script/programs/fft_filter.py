"""A signal cleaned in the frequency domain; a spectrum, a window, a correlation, a discrete transform by hand."""

import numpy as np

rate = 200
t = np.arange(0, 2, 1 / rate)
rng = np.random.RandomState(11)
clean = np.sin(2 * np.pi * 5 * t) + 0.5 * np.sin(2 * np.pi * 12 * t)
noisy = clean + 0.6 * rng.randn(t.size)
spectrum = np.fft.fft(noisy)
freq = np.fft.fftfreq(t.size, d=1 / rate)
spectrum[np.abs(freq) > 15] = 0
filtered = np.fft.ifft(spectrum).real
print(np.round(filtered[:5], 8), np.sqrt(np.mean((filtered - clean) ** 2)).round(6))
power = np.abs(np.fft.rfft(noisy * np.hanning(len(noisy)))) ** 2
peaks = np.argsort(power)[-2:]
print(sorted(np.fft.rfftfreq(t.size, 1 / rate)[peaks]), power.dtype, spectrum.dtype)


def dft(x):
    n = x.shape[0]
    k = np.arange(n).reshape((n, 1))
    return np.dot(np.exp(-2j * np.pi * k * np.arange(n) / n), x)


def fft(x):
    x = np.asarray(x, dtype=float)
    n = x.shape[0]
    if n % 2 > 0 or n <= 4:
        return dft(x)
    even, odd = fft(x[::2]), fft(x[1::2])
    factor = np.exp(-2j * np.pi * np.arange(n) / n)
    return np.concatenate([even + factor[: n // 2] * odd, even + factor[n // 2 :] * odd])


small = rng.random_sample(64)
print(np.allclose(fft(small), np.fft.fft(small)), np.allclose(dft(small), np.fft.fft(small)))
lag = np.argmax(np.correlate(noisy, np.roll(noisy, 7), "full")) - (t.size - 1)
print(lag, np.unwrap(np.angle(np.fft.fft([1, 2, 3, 4]))).round(6), np.fft.fftshift(np.arange(5)))
image = np.outer(np.hanning(8), np.hamming(8))
print(np.abs(np.fft.fftshift(np.fft.fft2(image)))[3:6, 3:6].round(6))
print(np.sinc([0, 0.5, 1]).round(8), np.blackman(5).round(8), np.kaiser(5, 2).round(8), np.i0([0.0, 1.0]).round(8))
