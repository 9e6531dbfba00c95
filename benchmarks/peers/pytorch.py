"""PyTorch as its tutorials write it, with the rows in one tensor and batches gathered by a permutation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from ..problems import Classifier, Op, Perceptron, Scalar, Table, Tape
from ..work import Work


def model_of(problem: Perceptron | Classifier) -> nn.Module:
    if isinstance(problem, Perceptron):
        return perceptron(problem)
    if problem.kind == "normalized":
        sizes = [problem.features, problem.width, problem.width]
        parts: list[nn.Module] = []
        for rows, columns in pairwise(sizes):
            parts += [nn.Linear(rows, columns), nn.BatchNorm1d(columns), nn.ReLU(), nn.Dropout(0.5)]
        return nn.Sequential(*parts, nn.Linear(problem.width, problem.classes))
    return nn.Sequential(
        nn.Embedding(problem.words, 32), nn.Flatten(), nn.Linear(32 * problem.length, 64), nn.ReLU(),
        nn.Linear(64, problem.classes),
    )  # fmt: skip


def perceptron(problem: Perceptron) -> nn.Sequential:
    parts: list[nn.Module] = []
    kernels = problem.weights[::2]
    for i, kernel in enumerate(kernels):
        linear = nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel.T))
            linear.bias.zero_()
        parts.append(linear)
        if problem.kind == "sigmoid":
            parts.append(nn.Sigmoid())
        elif i < len(kernels) - 1:
            parts.append(nn.ReLU())
    return nn.Sequential(*parts)


def fit(problem: Perceptron | Classifier) -> Work:
    torch.manual_seed(0)
    x, y = (torch.from_numpy(part) for part in problem.data)
    model = model_of(problem)
    if problem.kind == "sigmoid":
        loss, optimizer = nn.MSELoss(), torch.optim.SGD(model.parameters(), problem.rate)
    else:
        y = y.long()
        rate = problem.rate if isinstance(problem, Perceptron) else 0.001
        loss, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), rate, eps=1e-7, fused=True)

    def run() -> list[float]:
        losses = []
        model.train()
        for _ in range(problem.epochs):
            total, order = torch.zeros(()), torch.randperm(len(x))
            for taken in order.split(problem.batch):
                optimizer.zero_grad()
                value = loss(model(x[taken]), y[taken])
                value.backward()
                optimizer.step()
                total += value.detach() * len(taken)
            losses.append(float(total) / len(x))
        return losses

    def final() -> float:
        model.eval()
        if isinstance(problem, Classifier):
            with torch.no_grad():
                return float(loss(model(x), y))
        weights = [p.detach().numpy() for p in model.parameters()]
        return problem.loss([w.T if w.ndim == 2 else w for w in weights])

    return Work(run, problem.steps, final)


def call(problem: Perceptron) -> Work:
    """A call on one row without gradients."""
    model, row = perceptron(problem).eval(), torch.from_numpy(problem.data[0][:1])

    def run() -> Any:
        with torch.inference_mode():
            return model(row)

    return Work(run)


def predict(problem: Perceptron) -> Work:
    """The same from a NumPy array to a NumPy array."""
    model, row = perceptron(problem).eval(), problem.data[0][:1]

    def run() -> Any:
        with torch.inference_mode():
            return model(torch.from_numpy(row)).numpy()

    return Work(run)


def op(problem: Op) -> Work:
    functions = {"add": torch.add, "exp": torch.exp, "sum": torch.sum, "matmul": torch.matmul}
    operands = {name: torch.from_numpy(array) for name, array in problem.arrays.items()}
    return Work(problem.loop(**functions, **operands), problem.times)


def recorded(problem: Tape) -> Work:
    start, other = map(torch.from_numpy, problem.arrays)
    start.requires_grad_()

    def run() -> None:
        value, add = start, torch.add
        for _ in range(problem.length):
            value = add(value, other)

    return Work(run, problem.length)


def gradient(problem: Scalar) -> Work:
    function, x = problem.function(torch.sin, torch.exp), torch.tensor(0.3, requires_grad=True)
    return Work(lambda: torch.autograd.grad(function(x), x))


def rows(problem: Table) -> Work:
    """Shuffled batches by the DataLoader."""
    data = torch.utils.data.TensorDataset(*map(torch.from_numpy, problem.data))
    loader = torch.utils.data.DataLoader(data, batch_size=problem.batch, shuffle=True)

    def run() -> None:
        for _ in loader:
            pass

    return Work(run, problem.rows)
