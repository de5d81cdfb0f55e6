"""The biased model on Apache Spark: for ratings that one machine cannot hold.

`ALS` fits user and item biases by aggregation and the factors of what is left by MLlib's
alternating least squares, on whatever cluster the session belongs to. It needs ``pyspark`` (``pip
install "mfbook[spark]"``) and Java 17 or newer; both are asked for only when a session starts.
"""

from mfbook.spark._factorization import ALS
from mfbook.spark._session import SparkError, check_java, session, stop

__all__ = ["ALS", "SparkError", "check_java", "session", "stop"]
