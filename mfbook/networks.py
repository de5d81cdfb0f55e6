"""The three networks of the course: two towers whose outputs meet in an inner product."""

from __future__ import annotations

from collections.abc import Mapping
import math
import os
from pathlib import Path
import struct
from typing import Any

from mfbook._validation import check_array_size, check_indices, check_sizes
import mxnet as mx
from mxnet.gluon import HybridBlock, nn
import numpy as np
from numpy.typing import ArrayLike

__all__ = ["AroundMean", "Network", "OneLayerDropoutMLP", "OneLayerMLP", "PlainNet"]

PREDICT_BATCH = 4096

# MXNet's file format: the marks of a list and of an array, device types, bytes of each data type.
LIST_OF_ARRAYS, DENSE_ARRAY = 0x112, (0xF993FAC9, 0xF993FACA)
DEVICE_TYPES = (1, 2, 3, 5)
BYTES_OF_KIND = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1}


class Network(HybridBlock):
    """Base class of the networks: sizes, and ``predict`` from NumPy to NumPy.

    Parameters
    ----------
    n_users, n_items : int
        Rows of the user and the item table; indices run from 0 to one less.

    Notes
    -----
    A network of your own derives from this class and defines ``hybrid_forward``; `training.fit`
    trains it. Built in chapter 3.

    Examples
    --------
    >>> class Constant(Network):
    ...     def hybrid_forward(self, F, user_idx, item_idx):
    ...         return F.cast(user_idx * 0 + 4, "float32")
    >>> issubclass(Constant, mx.gluon.Block)
    True
    """

    def __init__(self, n_users: int, n_items: int) -> None:
        super().__init__()
        check_sizes(n_users=n_users, n_items=n_items)
        self.n_users, self.n_items = n_users, n_items

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Draw the parameters, as `mxnet.gluon.Block.initialize` does with the same arguments.

        Raises
        ------
        ValueError
            If a parameter has more numbers than an array of MXNet holds.
        """
        for parameter in self.collect_params().values():
            check_array_size(
                parameter.shape or (), f"This {type(self).__name__}", "Use fewer factors."
            )
        super().initialize(*args, **kwargs)

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Predict ratings.

        Parameters
        ----------
        user_idx, item_idx : array_like of int, shape (n,)
            Zero-based indices.

        Returns
        -------
        numpy.ndarray, shape (n,), float32
            In stars, not clipped to the scale.

        Raises
        ------
        ValueError
            If an index is outside its table (MXNet itself would take the nearest row), or if
            the network's parameters are not initialized.
        """
        user_idx, item_idx = np.asarray(user_idx), np.asarray(item_idx)
        check_indices(user_idx, item_idx, self.n_users, self.n_items)
        device = self.device()
        if device is None:
            raise ValueError(
                f"The parameters of this {type(self).__name__} are not initialized. Train it with "
                "training.fit first, or call its initialize()."
            )
        batches = []
        for start in range(0, len(user_idx), PREDICT_BATCH):
            rows = slice(start, start + PREDICT_BATCH)
            user, item = (
                mx.nd.array(idx[rows], ctx=device, dtype="int32") for idx in (user_idx, item_idx)
            )
            batches.append(self(user, item).asnumpy())
        return np.concatenate(batches) if batches else np.empty(0, np.float32)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to a file, in MXNet's own format (no pickle).

        They are written into another file of the same folder first, and read back. Only then that
        file takes the place of ``path``, so that a full disk does not cost the file that was there.

        Parameters
        ----------
        path : str or Path
            The file, usually ``*.params``. Its folder must exist.

        Raises
        ------
        ValueError
            If the parameters are not initialized or not finite, or the file cannot be written.
        """
        if self.device() is None:
            raise ValueError(
                f"The parameters of this {type(self).__name__} are not initialized: there is "
                "nothing to save. Train it first."
            )
        arrays = self.arrays()
        damaged = first_not_finite(arrays)
        if damaged is not None:
            raise ValueError(
                f"The parameter {damaged} of this {type(self).__name__} has values that are not "
                "finite: there is nothing to save. Train it again, with a lower learning rate."
            )
        # Through links, so that the file is replaced and not the link to it.
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise ValueError(f"{path} is a folder. Pass the path of a file in it.")
        partial = target.with_name(f".mfbook-{os.getpid()}.params.part")
        try:
            self.save_parameters(str(partial))
            _check_written(partial, arrays)
            partial.replace(target)
        except (mx.MXNetError, OSError):
            raise ValueError(
                f"{path} cannot be written; what was there is unchanged. Does the folder exist, may "
                "you write to it, and is the disk full?"
            ) from None
        finally:
            partial.unlink(missing_ok=True)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read parameters that `save` wrote into a network of the same class and sizes.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it holds no parameters, those of a network of another class, size or type of
            numbers, or values that are not finite.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
        try:
            if not _has_layout_of_arrays(Path(path).read_bytes()):
                raise mx.MXNetError
            found = mx.nd.load(str(path))
        except mx.MXNetError:
            raise ValueError(
                f"{path} holds no parameters of a network. Was it made by save?"
            ) from None
        parameters = self._collect_params_with_prefix()
        expected = {n: p.shape for n, p in parameters.items()}
        shapes = {n: v.shape for n, v in found.items()} if isinstance(found, dict) else {}
        if shapes != expected:
            raise ValueError(
                f"{path} holds the parameters of another network: {shapes}. This "
                f"{type(self).__name__} needs {expected}. Build it with the same class and sizes."
            )
        for name, values in found.items():
            dtype, needed = (np.dtype(each.dtype) for each in (values, parameters[name]))
            if dtype != needed:
                raise ValueError(
                    f"{path} holds the parameter {name} as {dtype}; this {type(self).__name__} "
                    f"needs {needed}. Convert the network that was saved, and save it again."
                )
        damaged = first_not_finite(found)
        if damaged is not None:
            raise ValueError(
                f"{path} holds the parameter {damaged} with values that are not finite. Train the "
                "network again and save it."
            )
        self.load_parameters(str(path), ctx=self.device() or mx.cpu())

    def device(self) -> mx.Context | None:
        """Return the device that holds the parameters; None if they are not initialized."""
        try:
            return next(iter(self.collect_params().values())).list_ctx()[0]
        except RuntimeError:  # MXNet's answer for a parameter that is not initialized
            return None

    def arrays(self) -> dict[str, mx.nd.NDArray]:
        """Return the values of all initialized parameters, by the names under which `save` writes."""
        return {
            name: parameter._reduce()  # one array on the CPU, on however many devices it is
            for name, parameter in self._collect_params_with_prefix().items()
            if parameter._data is not None
        }


def first_not_finite(arrays: Mapping[str, mx.nd.NDArray]) -> str | None:
    """Return the name of the first array with an infinite value or NaN, or None.

    Examples
    --------
    >>> first_not_finite({"bias": mx.nd.array([1.0]), "weight": mx.nd.array([float("nan")])})
    'weight'
    """
    for name, values in arrays.items():
        if not np.isfinite(values.asnumpy()).all():
            return name
    return None


def _has_layout_of_arrays(raw: bytes) -> bool:
    """Return whether a file holds dense named arrays as MXNet writes them.

    MXNet itself believes what a file says of its sizes, and can wait for ever on a damaged one.
    """
    try:
        magic, _, n_arrays = struct.unpack_from("<QQQ", raw)
        position = struct.calcsize("<QQQ")
        if magic != LIST_OF_ARRAYS or n_arrays > len(raw):
            return False
        for _ in range(n_arrays):
            magic, storage, n_axes = struct.unpack_from("<Iii", raw, position)
            if magic not in DENSE_ARRAY or storage != 0 or not 1 <= n_axes <= 32:
                return False
            position += struct.calcsize("<Iii")
            shape = struct.unpack_from(f"<{n_axes}q", raw, position)
            position += struct.calcsize(f"<{n_axes}q")
            device_type, _, kind = struct.unpack_from("<iii", raw, position)
            if min(shape) < 1 or device_type not in DEVICE_TYPES or kind not in BYTES_OF_KIND:
                return False
            position += struct.calcsize("<iii") + math.prod(shape) * BYTES_OF_KIND[kind]
        (n_names,) = struct.unpack_from("<Q", raw, position)
        position += struct.calcsize("<Q")
        if n_names not in (0, n_arrays):
            return False
        for _ in range(n_names):
            (length,) = struct.unpack_from("<Q", raw, position)
            position += struct.calcsize("<Q")
            if length > len(raw):
                return False
            raw[position : position + length].decode()
            position += length
    except (struct.error, OverflowError, UnicodeDecodeError):
        return False
    return position == len(raw)


def _check_written(path: Path, arrays: Mapping[str, mx.nd.NDArray]) -> None:
    """Raise `OSError` or `MXNetError` unless the file holds these arrays, on the disk itself."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    read = mx.nd.load(str(path))
    if not isinstance(read, dict) or read.keys() != arrays.keys():
        raise OSError(f"{path} does not hold what was written.")
    for name, values in arrays.items():
        if not np.array_equal(read[name].asnumpy(), values.asnumpy()):
            raise OSError(f"{path} does not hold what was written.")


class AroundMean(mx.init.Initializer):
    """Initializer around sqrt(mean / k), so that the first inner products are near the mean.

    Parameters
    ----------
    mean : float
        What the first predictions should be near, in stars.
    k : int
        Width of the vectors.
    noise : float
        The parameters are drawn uniformly within this distance of their center.

    Notes
    -----
    Built in chapter 3.

    Examples
    --------
    >>> network = PlainNet(2, 2, k=4)
    >>> network.initialize(AroundMean(mean=3.6, k=4, noise=0.01))
    >>> network.predict([0, 1], [1, 0]).round(1)
    array([3.6, 3.6], dtype=float32)
    """

    def __init__(self, mean: float, k: int, noise: float) -> None:
        super().__init__(mean=mean, k=k, noise=noise)
        self.center, self.noise = (mean / k) ** 0.5, noise

    def _init_weight(self, name: str, array: mx.nd.NDArray) -> None:
        low, high = self.center - self.noise, self.center + self.noise
        mx.nd.random.uniform(low, high, out=array)


class PlainNet(Network):
    """Inner product of a user vector and an item vector, both learned.

    Parameters
    ----------
    n_users, n_items : int
        Rows of the two tables.
    k : int
        Number of latent factors.

    Notes
    -----
    Built in chapter 3, equation 3.1.

    Examples
    --------
    >>> from mfbook import datasets, training
    >>> split = datasets.load("synthetic")
    >>> network = PlainNet(split.n_users, split.n_items, k=8)
    >>> history = training.fit(network, split, epochs=1, batch_size=1024)
    >>> network.predict([0, 1, 2], [5, 5, 5]).shape
    (3,)
    """

    def __init__(self, n_users: int, n_items: int, k: int) -> None:
        super().__init__(n_users, n_items)
        check_sizes(k=k)
        with self.name_scope():
            self.user = nn.Embedding(n_users, k, sparse_grad=True)
            self.item = nn.Embedding(n_items, k, sparse_grad=True)

    def hybrid_forward(self, F: Any, user_idx: Any, item_idx: Any) -> Any:
        """Return the predicted ratings, (batch,)."""
        p = self.user(user_idx)  # (batch, k)
        q = self.item(item_idx)  # (batch, k)
        return F.sum(p * q, axis=1)  # (batch,)


class OneLayerMLP(Network):
    """Each tower: a learned vector of k factors, ReLU, one dense layer; then the inner product.

    Parameters
    ----------
    n_users, n_items : int
        Rows of the two tables.
    hidden : int
        Width of the dense layers.
    k : int
        Number of latent factors.

    Notes
    -----
    Built in chapter 4.

    Examples
    --------
    >>> network = OneLayerMLP(n_users=943, n_items=1682, hidden=64, k=64)
    >>> network.initialize()
    >>> network.predict([0], [0]).shape
    (1,)
    """

    def __init__(self, n_users: int, n_items: int, hidden: int, k: int) -> None:
        super().__init__(n_users, n_items)
        check_sizes(hidden=hidden, k=k)
        with self.name_scope():
            self.user = self.tower(n_users, hidden, k)
            self.item = self.tower(n_items, hidden, k)

    def tower(self, n_rows: int, hidden: int, k: int) -> nn.HybridSequential:
        """Return the layers from an index to a vector of width ``hidden``."""
        layers = nn.HybridSequential()
        layers.add(
            nn.Embedding(n_rows, k, sparse_grad=True),
            nn.Activation("relu"),
            nn.Dense(hidden, in_units=k),
        )
        return layers

    def hybrid_forward(self, F: Any, user_idx: Any, item_idx: Any) -> Any:
        """Return the predicted ratings, (batch,)."""
        p = self.user(user_idx)  # (batch, hidden)
        q = self.item(item_idx)  # (batch, hidden)
        return F.sum(p * q, axis=1)  # (batch,)


class OneLayerDropoutMLP(OneLayerMLP):
    """`OneLayerMLP` with dropout after each dense layer.

    Parameters
    ----------
    n_users, n_items, hidden, k : int
        As for `OneLayerMLP`.
    dropout : float
        Probability with which a unit is dropped while training.

    Notes
    -----
    Built in chapter 5.

    Examples
    --------
    >>> network = OneLayerDropoutMLP(n_users=943, n_items=1682, hidden=256, k=512, dropout=0.5)
    >>> network.dropout
    0.5
    """

    def __init__(
        self, n_users: int, n_items: int, hidden: int, k: int, dropout: float = 0.5
    ) -> None:
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1.")
        self.dropout = dropout
        super().__init__(n_users, n_items, hidden, k)

    def tower(self, n_rows: int, hidden: int, k: int) -> nn.HybridSequential:
        """Return the layers from an index to a vector of width ``hidden``."""
        layers = super().tower(n_rows, hidden, k)
        layers.add(nn.Dropout(self.dropout))
        return layers
