"""The three networks of the course: two towers whose outputs meet in an inner product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import math
import os
from pathlib import Path
import stat
import struct
import tempfile
from typing import Any
import zipfile

from mfbook._validation import (
    as_array,
    as_float,
    check_array_size,
    check_indices,
    check_positive,
    check_sizes,
    shown,
)
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
    A network of your own derives from this class, makes its layers in ``__init__`` and defines
    ``hybrid_forward``, which gets two vectors of indices and returns one number for each pair,
    ``(batch,)``; `training.fit` trains it. Built in chapter 3.

    Examples
    --------
    One number for each user and one for each item, added:

    >>> from mfbook import datasets, training
    >>> from mxnet.gluon import nn
    >>> class SumNet(Network):
    ...     def __init__(self, n_users, n_items):
    ...         super().__init__(n_users, n_items)
    ...         with self.name_scope():
    ...             self.user = nn.Embedding(n_users, 1)
    ...             self.item = nn.Embedding(n_items, 1)
    ...
    ...     def hybrid_forward(self, F, user_idx, item_idx):
    ...         both = self.user(user_idx) + self.item(item_idx)  # (batch, 1)
    ...         return F.sum(both, axis=1)  # (batch,)
    >>> split = datasets.load("synthetic")
    >>> network = SumNet(split.n_users, split.n_items)
    >>> history = training.fit(network, split, epochs=1, batch_size=1000)
    >>> network.predict([0, 1], [5, 5]).shape
    (2,)
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
            If a parameter has more numbers than an array of MXNet holds, or the initializer or the
            device is none.
        """
        given = dict(zip(("init", "ctx"), args, strict=False)) | kwargs
        _check_initializer(given.get("init", "uniform"), given.get("ctx"))
        for parameter in self.collect_params().values():
            check_array_size(
                parameter.shape or (), f"This {type(self).__name__}", "Use fewer factors."
            )
        super().initialize(*args, **kwargs)

    def predict(self, user_idx: ArrayLike, item_idx: ArrayLike) -> np.ndarray:
        """Predict ratings, in blocks of 4,096 pairs: memory does not grow with n x k.

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
            If an index is outside its table (MXNet itself would take the nearest row), if the
            network has no parameters or they are not initialized, or if its ``hybrid_forward``
            does not return one number for each pair.
        """
        user_idx, item_idx = as_array(user_idx, "user_idx"), as_array(item_idx, "item_idx")
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
            try:
                ratings = self(user, item)
            except mx.MXNetError as error:
                # The chained error shows the line of hybrid_forward.
                raise ValueError(
                    f"hybrid_forward of this {type(self).__name__} cannot compute with two vectors "
                    f"of {user.size} indices: {str(error).strip().splitlines()[-1]}"
                ) from error
            _check_one_each(self, ratings, user.shape)
            batches.append(ratings.asnumpy())
        return np.concatenate(batches) if batches else np.empty(0, np.float32)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to a file, in MXNet's own format (no pickle).

        They are written into a temporary folder beside ``path`` first, and read back. Only then
        that file takes the place of ``path``, so that a full disk does not cost the file that was
        there. A file that is replaced keeps its mode.

        Parameters
        ----------
        path : str or os.PathLike
            The file, usually ``*.params``. Its folder must exist.

        Raises
        ------
        ValueError
            If there are no parameters, or they are not initialized or not finite; if the path is
            that of something else than a file, or of a read-only one; if the file cannot be
            written.
        """
        self._write(path, lambda partial: self.save_parameters(str(partial)), _read_params)

    def save_numpy(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to an ``.npz`` file of plain NumPy arrays, for other libraries.

        The names are those of the layers, for example ``user.weight``, or ``user.2.bias`` for the
        third layer of a tower. The file is written as a whole or not at all, as by `save`.

        Parameters
        ----------
        path : str or os.PathLike
            The file, usually ``*.npz``. Its folder must exist.

        Raises
        ------
        ValueError
            For the same reasons as in `save`.

        Notes
        -----
        Appendix C loads such files into PyTorch. To read one, neither MXNet nor mfbook is needed.
        Gluon's own ``export`` is another thing: it writes the computation, and for MXNet only.

        Examples
        --------
        >>> import tempfile
        >>> network = OneLayerMLP(n_users=2, n_items=3, hidden=4, k=5)
        >>> network.initialize()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.save_numpy(f"{folder}/mlp.npz")
        ...     with np.load(f"{folder}/mlp.npz") as arrays:
        ...         for name, values in sorted(arrays.items()):
        ...             print(name, values.shape)
        item.0.weight (3, 5)
        item.2.bias (4,)
        item.2.weight (4, 5)
        user.0.weight (2, 5)
        user.2.bias (4,)
        user.2.weight (4, 5)
        """
        self._write(path, lambda partial: _write_npz(partial, self.arrays()), _read_npz)

    def _write(
        self,
        path: str | os.PathLike[str],
        write: Callable[[Path], None],
        read: Callable[[Path], dict[str, np.ndarray]],
    ) -> None:
        """Let ``write`` write the parameters, and replace ``path`` if ``read`` finds them again."""
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
        name = _name_of_file(path)
        try:
            mode = _mode_to_keep(name)
            # Through links, so that the file is replaced and not the link to it.
            target = Path(os.path.realpath(name))
            with tempfile.TemporaryDirectory(
                prefix=".mfbook-", dir=target.parent, ignore_cleanup_errors=True
            ) as folder:
                partial = Path(folder, "model.params.part")
                write(partial)
                _check_written(partial, read(partial), arrays)
                if mode is not None:
                    partial.chmod(mode)
                partial.replace(target)
        except (mx.MXNetError, OSError, UnicodeEncodeError):
            raise ValueError(
                f"{name} cannot be written; what was there is unchanged. Does the folder exist, may "
                "you write to it, and is the disk full?"
            ) from None

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read parameters that `save` wrote into a network of the same class and sizes.

        Parameters
        ----------
        path : str or os.PathLike
            The file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it cannot be read, if it holds no parameters, those of a network of another class,
            size or type of numbers, or values that are not finite; if the network has none.
        """
        self.device()  # refuses a network without parameters
        path = _name_of_file(path)
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe would be waited for
                raise FileNotFoundError
            raw = Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"There is no file {path}. Check the path and the spelling."
            ) from None
        except OSError as error:
            raise ValueError(
                f"{path} cannot be read ({error.strerror}). May you read it?"
            ) from None
        try:
            if not _has_layout_of_arrays(raw):
                raise mx.MXNetError
            found = mx.nd.load_frombuffer(raw)
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
        for name, values in found.items():
            # None: on all devices that hold the parameter; if there are none, on the CPU.
            parameters[name]._load_init(values, None)

    def __reduce_ex__(self, protocol: Any) -> Any:
        # What MXNet has compiled for a network that has computed cannot be copied or pickled.
        if self._cached_op is not None:
            raise ValueError(
                f"This {type(self).__name__} cannot be copied or pickled, because MXNet has compiled "
                "it. Build another of the same class and sizes, and let it load what save wrote."
            )
        return super().__reduce_ex__(protocol)

    def device(self) -> mx.Context | None:
        """Return the (first) device that holds the parameters; None if they are not initialized.

        Raises
        ------
        ValueError
            If the network has no parameters.
        """
        parameters = list(self.collect_params().values())
        if not parameters:
            raise ValueError(
                f"This {type(self).__name__} has no parameters: there is nothing to train or to "
                "save. Make a layer in its __init__, for example self.item = nn.Embedding(...)."
            )
        try:
            return parameters[0].list_ctx()[0]
        except RuntimeError:  # MXNet's answer for a parameter that is not initialized
            return None

    def arrays(self) -> dict[str, mx.nd.NDArray]:
        """Return the values of all initialized parameters, by the names under which `save` writes."""
        return {
            name: parameter._reduce()  # one array on the CPU, on however many devices it is
            for name, parameter in self._collect_params_with_prefix().items()
            if parameter._data is not None
        }


def _check_initializer(init: object, ctx: object) -> None:
    """Raise `ValueError` unless MXNet can draw with the one, on the other."""
    try:
        mx.init.create(init)
    except (AssertionError, KeyError, TypeError, ValueError):  # of MXNet, for what it cannot draw
        raise ValueError(
            f"The initializer is {shown(init)}; pass one of mxnet.init, for example "
            "mx.init.Uniform(0.01)."
        ) from None
    devices = ctx if isinstance(ctx, list | tuple) else [ctx]
    if not devices or not all(one is None or isinstance(one, mx.Context) for one in devices):
        raise ValueError(f"ctx is {shown(ctx)}; pass a device, for example mx.cpu(), or several.")


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


def _check_one_each(network: Network, ratings: Any, expected: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the network returned a vector with one number for each pair."""
    is_array = isinstance(ratings, mx.nd.NDArray)
    if not is_array or ratings.shape != expected:
        found = f"the shape {ratings.shape}" if is_array else f"a {type(ratings).__name__}"
        raise ValueError(
            f"hybrid_forward of this {type(network).__name__} returned {found} for {expected[0]} "
            f"pairs; it must return one number for each pair, the shape {expected}. Let it sum "
            "over the other axis, as F.sum(p * q, axis=1) does."
        )


def _name_of_file(path: str | os.PathLike[str]) -> str:
    """Return a path as text; raise `ValueError` if no file can have it.

    Examples
    --------
    >>> _name_of_file(Path("models", "plain.params")) == os.path.join("models", "plain.params")
    True
    """
    try:
        name = os.fsdecode(os.fspath(path))
    except TypeError:
        raise ValueError(
            f"path is {shown(path)}; it must be a text or a Path, the path of a file."
        ) from None
    if not name:
        raise ValueError("path is empty. Pass the path of a file.")
    if "\0" in name:
        raise ValueError(f"The path {name!r} has a NUL character. Pass the path without it.")
    if os.path.split(name)[1] in ("", os.curdir, os.pardir):
        raise ValueError(f"{name} is a folder. Pass the path of a file in it.")
    return name


def _mode_to_keep(name: str) -> int | None:
    """Return the mode of the file that is to be replaced; None if there is none.

    Raises `ValueError` if what is there is no regular file, or is read-only.
    """
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise ValueError(f"{name} is a folder. Pass the path of a file in it.")
    if not stat.S_ISREG(mode):
        kind = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}.get(
            stat.S_IFMT(mode), "a device"
        )
        raise ValueError(f"{name} is {kind}, which a file must not replace. Pass another path.")
    # The mode as well: root may write to everything.
    if not mode & stat.S_IWUSR or not os.access(name, os.W_OK):
        raise ValueError(
            f"{name} is read-only; it is unchanged. Make it writable, or pass another path."
        )
    return stat.S_IMODE(mode)


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


def _read_params(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file in MXNet's format; none if they have no names."""
    found = mx.nd.load(str(path))
    return {n: v.asnumpy() for n, v in found.items()} if isinstance(found, dict) else {}


def _write_npz(path: Path, arrays: Mapping[str, mx.nd.NDArray]) -> None:
    # Through a file, because `numpy.savez` adds .npz to a path that does not end so.
    with path.open("wb") as file:
        np.savez(file, **{name: values.asnumpy() for name, values in arrays.items()})


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as found:
            return dict(found)
    except (EOFError, ValueError, zipfile.BadZipFile) as error:
        raise OSError(f"{path} is damaged.") from error


def _check_written(
    path: Path, read: Mapping[str, np.ndarray], arrays: Mapping[str, mx.nd.NDArray]
) -> None:
    """Raise `OSError` unless what was read from the file are these arrays; wait for the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    if read.keys() != arrays.keys():
        raise OSError(f"{path} does not hold what was written.")
    for name, values in arrays.items():
        if not np.array_equal(read[name], values.asnumpy()):
            raise OSError(f"{path} does not hold what was written.")


class _Around(mx.init.Initializer):
    """Base of `AroundMean`, whose own text is that of chapter 3: refuses impossible arguments."""

    def __init__(self, mean: float, k: int, noise: float) -> None:
        check_positive(mean=mean)
        check_sizes(k=k)
        if not 0 <= as_float(noise) < math.inf:
            raise ValueError(f"noise is {shown(noise)}; it must be a finite number, 0 or more.")
        super().__init__(mean=mean, k=k, noise=noise)


class AroundMean(_Around):
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
        if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1.")
        self.dropout = dropout
        super().__init__(n_users, n_items, hidden, k)

    def tower(self, n_rows: int, hidden: int, k: int) -> nn.HybridSequential:
        """Return the layers from an index to a vector of width ``hidden``."""
        layers = super().tower(n_rows, hidden, k)
        layers.add(nn.Dropout(self.dropout))
        return layers
