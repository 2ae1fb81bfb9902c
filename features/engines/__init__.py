"""Computes the declared features from a shop's data, by two engines that agree.

`sql` computes them with DuckDB or Spark over a whole log, `generated` with functions generated
from the declarations over the histories of customers. The plan beside them serves requests.
"""
