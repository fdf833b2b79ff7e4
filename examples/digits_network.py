"""A two-layer neural network learns handwritten digits; forward and backward passes written by hand.

64 pixels, one hidden layer of GELU units, softmax over ten digits; cross-entropy, minimised by Adam on fresh,
slightly noisy copies of the training images.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

C = (2 / np.pi) ** 0.5


def gelu(x):
    return 0.5 * x * (1 + np.tanh(C * (x + 0.044715 * x * x * x)))


def gelu_slope(x):
    t = np.tanh(C * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * C * (1 + 3 * 0.044715 * x * x)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(parameters, x):
    w1, b1, w2, b2 = parameters
    hidden = x @ w1 + b1
    return hidden, softmax(gelu(hidden) @ w2 + b2)


def gradients(parameters, x, target, decay):
    """The loss and its derivative by each parameter."""
    w1, b1, w2, b2 = parameters
    hidden, probability = forward(parameters, x)
    loss = -(target * np.log(probability + 1e-12)).sum(axis=1).mean()
    d_logits = (probability - target) / len(x)
    d_hidden = (d_logits @ w2.T) * gelu_slope(hidden)
    return loss, (
        x.T @ d_hidden + decay * w1,
        d_hidden.sum(axis=0),
        gelu(hidden).T @ d_logits + decay * w2,
        d_logits.sum(axis=0),
    )


def adam(parameter, gradient, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-5):
    """One update in place of a parameter and its two running moments."""
    m += (1 - beta1) * (gradient - m)
    v += (1 - beta2) * (gradient**2 - v)
    parameter -= rate * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + epsilon)


def accuracy(parameters, x, labels):
    return (forward(parameters, x)[1].argmax(axis=1) == labels).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many hidden units (default 1)")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write the parameters and the losses there")
    args = parser.parse_args()

    digits = load_digits()
    images, labels = np.asarray(digits.data) / 16.0, np.asarray(digits.target)
    x, x_test, y, y_test = images[:1500], images[1500:], labels[:1500], labels[1500:]
    target = np.eye(10)[y]

    rng = np.random.default_rng(11)
    units = round(512 * args.scale)
    parameters = [
        rng.standard_normal((64, units)) / 8,
        np.zeros(units),
        rng.standard_normal((units, 10)) / units**0.5,
        np.zeros(10),
    ]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]

    print(f"{len(x)} digits to learn from, {len(x_test)} to test, {units} hidden units")
    losses = []
    for step in range(1, args.steps + 1):
        noisy = x + 0.1 * rng.standard_normal(x.shape)
        loss, slopes = gradients(parameters, noisy, target, decay=1e-4)
        for parameter, slope, (m, v) in zip(parameters, slopes, moments, strict=True):
            adam(parameter, slope, m, v, step, rate=0.01)
        losses.append(loss)
        if step % 10 == 0:
            print(f"step {step:3d}  loss {float(loss):.10f}  test accuracy {float(accuracy(parameters, x_test, y_test)):.6f}")

    losses = np.array([float(q) for q in losses])
    wrong = np.nonzero(forward(parameters, x_test)[1].argmax(axis=1) != y_test)[0]
    print(f"{len(wrong)} of {len(x_test)} test digits read wrongly; the first: {wrong[:10].tolist()}")

    if args.save:
        w1, b1, w2, b2 = parameters
        np.savez(args.save, losses=losses, w1=w1, b1=b1, w2=w2, b2=b2)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
        left.semilogy(losses)
        left.set_xlabel("step")
        left.set_ylabel("loss")
        shown = wrong[:12]
        right.imshow(np.hstack(list(x_test[shown].reshape(-1, 8, 8))) if len(shown) else np.zeros((8, 8)), cmap="gray_r")
        right.set_title("read wrongly")
        right.axis("off")
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
