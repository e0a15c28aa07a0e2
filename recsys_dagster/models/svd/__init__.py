"""Matrix factorisation by stochastic gradient descent.

`model` serves and needs NumPy alone; `training` and `kernel` also need Numba.
"""
