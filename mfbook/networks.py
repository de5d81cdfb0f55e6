"""The three networks of the course: two towers whose outputs meet in an inner product."""

from numbers import Integral
from pathlib import Path

from mfbook.datasets import check_indices
import mxnet as mx
from mxnet.gluon import HybridBlock, nn
import numpy as np

PREDICT_BATCH = 4096


def check_sizes(**sizes):
    """Raise `ValueError` for the first size that is not a whole number of 1 or more."""
    for name, size in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number, 1 or more.")


class Network(HybridBlock):
    """What every network here has: its sizes, and ``predict`` from NumPy to NumPy.

    Parameters
    ----------
    n_users, n_items : int
        Rows of the user and the item table; indices run from 0 to one less.
    """

    def __init__(self, n_users, n_items):
        super().__init__()
        check_sizes(n_users=n_users, n_items=n_items)
        self.n_users, self.n_items = n_users, n_items

    def predict(self, user_idx, item_idx):
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
            the network has no values yet.
        """
        user_idx, item_idx = np.asarray(user_idx), np.asarray(item_idx)
        self.check(user_idx, item_idx)
        device = self.device()
        if device is None:
            raise ValueError(
                f"This {type(self).__name__} has no values yet. Train it with training.fit first, "
                "or call its initialize()."
            )
        parts = []
        for start in range(0, len(user_idx), PREDICT_BATCH):
            rows = slice(start, start + PREDICT_BATCH)
            user, item = (
                mx.nd.array(idx[rows], ctx=device, dtype="int32") for idx in (user_idx, item_idx)
            )
            parts.append(self(user, item).asnumpy())
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def save(self, path):
        """Write the network's values to a file, in MXNet's own format (no pickle).

        Parameters
        ----------
        path : str or Path
            The file, by custom ``*.params``. Its folder must exist.

        Raises
        ------
        ValueError
            If the network has no values yet, or the file cannot be written.
        """
        if self.device() is None:
            raise ValueError(f"This {type(self).__name__} has no values yet: nothing to save.")
        try:
            self.save_parameters(str(path))
        except mx.MXNetError:
            raise ValueError(f"{path} cannot be written. Does its folder exist?") from None

    def load(self, path):
        """Read values that `save` wrote into a network of the same class and sizes.

        Parameters
        ----------
        path : str or Path
            The file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it holds no values, or those of a network of another class or size.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"There is no file {path}. Check the path and the spelling.")
        try:
            found = mx.nd.load(str(path))
        except mx.MXNetError:
            raise ValueError(f"{path} holds no values of a network. Was it made by save?") from None
        wanted = {n: p.shape for n, p in self._collect_params_with_prefix().items()}
        shapes = {n: v.shape for n, v in found.items()} if isinstance(found, dict) else {}
        if shapes != wanted:
            raise ValueError(
                f"{path} holds the values of another network: {shapes}. This "
                f"{type(self).__name__} needs {wanted}. Build it with the same class and sizes."
            )
        self.load_parameters(str(path), ctx=self.device() or mx.cpu())

    def device(self):
        """Return the device that holds the network's values, or None before it has any."""
        try:
            return next(iter(self.collect_params().values())).list_ctx()[0]
        except RuntimeError:  # MXNet's answer for a parameter without values
            return None

    def check(self, user_idx, item_idx):
        """Raise `ValueError` unless the two are equally long and inside the tables."""
        check_indices(user_idx, item_idx, self.n_users, self.n_items)


class AroundMean(mx.init.Initializer):
    """Start numbers around sqrt(mean / k), so that the first inner products are near the mean.

    Parameters
    ----------
    mean : float
        What the first predictions should be near, in stars.
    k : int
        Width of the vectors.
    noise : float
        The numbers are drawn evenly within this distance of their centre.
    """

    def __init__(self, mean, k, noise):
        super().__init__(mean=mean, k=k, noise=noise)
        self.centre, self.noise = (mean / k) ** 0.5, noise

    def _init_weight(self, name, array):
        low, high = self.centre - self.noise, self.centre + self.noise
        mx.nd.random.uniform(low, high, out=array)


class PlainNet(Network):
    """Inner product of a user vector and an item vector, both learned.

    Parameters
    ----------
    n_users, n_items : int
        Rows of the two tables.
    k : int
        Number of latent factors.
    """

    def __init__(self, n_users, n_items, k):
        super().__init__(n_users, n_items)
        with self.name_scope():
            self.user = nn.Embedding(n_users, k, sparse_grad=True)
            self.item = nn.Embedding(n_items, k, sparse_grad=True)

    def hybrid_forward(self, F, user_idx, item_idx):
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
    """

    def __init__(self, n_users, n_items, hidden, k):
        super().__init__(n_users, n_items)
        check_sizes(hidden=hidden, k=k)
        with self.name_scope():
            self.user = self.tower(n_users, hidden, k)
            self.item = self.tower(n_items, hidden, k)

    def tower(self, n_rows, hidden, k):
        """Return the layers from an index to a vector of width ``hidden``."""
        layers = nn.HybridSequential()
        layers.add(
            nn.Embedding(n_rows, k, sparse_grad=True),
            nn.Activation("relu"),
            nn.Dense(hidden, in_units=k),
        )
        return layers

    def hybrid_forward(self, F, user_idx, item_idx):
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
    """

    def __init__(self, n_users, n_items, hidden, k, dropout=0.5):
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1.")
        self.dropout = dropout
        super().__init__(n_users, n_items, hidden, k)

    def tower(self, n_rows, hidden, k):
        """Return the layers from an index to a vector of width ``hidden``."""
        layers = super().tower(n_rows, hidden, k)
        layers.add(nn.Dropout(self.dropout))
        return layers
