"""Computes the declared features from a shop's data, by three engines that agree.

`sql` computes them with DuckDB or Spark over a whole log, `batch` with numpy over the histories
of many customers, `single` with generated Python over the history of one customer. The plan beside
them chooses between the last two.
"""
