//! All subsets of up to 15 measures, simulated; the Pareto set under a budget, and why the others were dropped.
