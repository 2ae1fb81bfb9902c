"""Computes the declared features from a shop's data, by two engines that agree.

`generated` computes them with functions generated from the declarations over the rows of
customers, in builds and in answers. `sql` queries them from a whole log: Spark runs these queries,
and tests compare the functions with them. The plan beside them serves requests.
"""
