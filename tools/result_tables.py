"""Write the tables of mfbook/experiments: whole files, with the columns that the package expects."""

from pathlib import Path

from mfbook.experiments.tables import COLUMNS

from tools.writing import write

FOLDER = Path(__file__).resolve().parent.parent / "mfbook" / "experiments"


def write_table(name, table):
    """Replace a table of the checkout.

    Parameters
    ----------
    name : str
        A file of mfbook/experiments, ``"results.csv"`` for example.
    table : pandas.DataFrame
        With at least the columns of that file.
    """
    table = table[list(COLUMNS[name])]
    if "validation" in table:
        # Where some have none, it is a column of objects, which would be written with all digits.
        table = table.astype({"validation": float})
    write(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), FOLDER / name)
    print(f"{len(table)} rows in {name}")
