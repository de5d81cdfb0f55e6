"""What other libraries do in the steps of the growth benchmark, and in the other tables.

The functions that take a folder measure as those of `benchmarks.ours` do.
"""

import time

from benchmarks import memory, ours, twins
from benchmarks.memory import Meter
from benchmarks.ours import REG, REG_BIAS, SWEEPS


def read_pandas(folder):
    """Read the CSV file without any check."""
    import pandas as pd

    with Meter() as meter:
        table = pd.read_csv(folder / twins.CSV)
    return meter.found(ours.table_megabytes(table))


def als_cmfrec(folder, k, use_cg):
    """Fit cmfrec's explicit model: same factors, penalties and sweeps."""
    import cmfrec
    import numpy as np
    from scipy import sparse

    data = twins.sets(folder)
    user, item, rating = data.train.values()
    model = cmfrec.CMF(
        k=k,
        # Of user biases, item biases, user vectors, item vectors; and of attributes, not used.
        lambda_=[REG_BIAS, REG_BIAS, REG, REG, REG, REG],
        method="als",
        use_cg=use_cg,
        finalize_chol=False,
        niter=SWEEPS,
        nthreads=1,
        use_float=True,
        precompute_for_predictions=False,
        random_state=0,
    )
    with Meter() as meter:
        model.fit(sparse.coo_matrix((rating, (user, item)), data.shape))

    def predict(user, item):
        taste = np.einsum("nk,nk->n", model.A_[user], model.B_[item])
        return model.glob_mean_ + model.user_bias_[user] + model.item_bias_[item] + taste

    return ours.evaluated(meter, data, predict)


def als_spark(folder, k):
    """Fit the same model on Spark: two local workers of one core each, started before."""
    from mfbook import spark
    from mfbook.course import cluster
    import psutil

    data = twins.sets(folder)
    with cluster.standalone(workers=2) as running:
        session = spark.session(running.url, memory="4g")
        model = spark.ALS(k=k, reg=0.15, reg_bias=REG_BIAS, epochs=SWEEPS, session=session)
        with Meter() as meter:
            model.fit(ours.barely_evaluated(data))
            children = psutil.Process().children(recursive=True)
            beside = sum(memory.peak(process.pid) for process in children)
        meter.seconds = model.history.seconds
        # The Java processes of the driver, the master, the workers and the executors as well.
        meter.peak += beside
        result = ours.evaluated(meter, data, model.predict)
        spark.stop()
    return result


def svd_surprise(folder, k):
    """Fit Surprise's SVD with 50 epochs; the memory includes its prediction."""
    data = twins.sets(folder)
    with Meter() as meter:
        seconds, error = fit_surprise(data.split, n_factors=k)
    meter.seconds = seconds
    return meter.found(data.megabytes, error, data.noise_floor)


def fit_surprise(split, seed=0, n_factors=50):
    """Fit Surprise's SVD; return seconds and RMSE on the test set, predictions clipped.

    Making its training set is not timed. Its hyperparameters were set by hand: no search for them
    is part of this project.
    """
    from mfbook import metrics
    import numpy as np
    import surprise

    reader = surprise.Reader(rating_scale=(1, 5))
    columns = ["user_idx", "item_idx", "rating"]
    train = surprise.Dataset.load_from_df(split.train[columns], reader).build_full_trainset()
    algorithm = surprise.SVD(
        n_factors=n_factors, n_epochs=50, lr_all=0.005, reg_all=0.1, random_state=seed
    )
    start = time.perf_counter()
    algorithm.fit(train)
    seconds = time.perf_counter() - start
    test = list(split.test[columns].itertuples(index=False, name=None))
    predicted = np.array([prediction.est for prediction in algorithm.test(test)])
    return seconds, metrics.rmse(split.test["rating"], predicted)


def network_torch(folder):
    """Train the plain network in PyTorch with sparse gradients, without momentum and decay."""
    from mfbook import als
    import numpy as np
    import torch

    data = twins.sets(folder)
    tables = torch_tables(data.shape, ours.FACTORS, sparse=True)
    optimizer = torch.optim.SGD([table.weight for table in tables], lr=ours.LEARNING_RATE)
    with Meter() as meter:
        seconds = torch_epoch(tables, optimizer, data.train, ours.BATCH_SIZE)
    meter.seconds = seconds
    # With a column of biases, which are 0.
    users, items = (np.pad(table.weight.detach().numpy(), ((0, 0), (0, 1))) for table in tables)
    return ours.evaluated(meter, data, lambda *pair: als.predict_pairs(users, items, 0.0, *pair))


def dense_torch_epoch(split, batch_size):
    """Train the plain network for one epoch in PyTorch, dense gradients; return its seconds."""
    import torch

    tables = torch_tables((split.n_users, split.n_items), 64, sparse=False)
    weights = [table.weight for table in tables]
    optimizer = torch.optim.SGD(weights, lr=0.05, momentum=0.9, weight_decay=1e-4)
    return torch_epoch(tables, optimizer, split.train, batch_size)


def torch_tables(shape, k, sparse):
    """Two tables of the plain network, drawn as `training.fit` draws them; set one thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tables = [torch.nn.Embedding(n, k, sparse=sparse) for n in shape]
    for table in tables:
        torch.nn.init.uniform_(table.weight, -0.01, 0.01)
    return tables


def torch_epoch(tables, optimizer, ratings, batch_size):
    """Train tables for one epoch in PyTorch; return its seconds."""
    import torch

    users, items = tables
    user, item = (torch.as_tensor(ratings[c]).long() for c in ("user_idx", "item_idx"))
    rating = torch.as_tensor(ratings["rating"])
    start = time.perf_counter()
    order = torch.randperm(len(rating))
    for first in range(0, len(rating), batch_size):
        rows = order[first : first + batch_size]
        predicted = (users(user[rows]) * items(item[rows])).sum(dim=1)
        loss = ((predicted - rating[rows]) ** 2).mean() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start
