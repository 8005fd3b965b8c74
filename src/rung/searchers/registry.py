"""Every searcher by its name in logs, study files and flags."""

from rung.core.registry import Registry
from rung.core.suggestion import SearcherSpec
from rung.searchers.auto import Auto
from rung.searchers.curves.options import CurveGP
from rung.searchers.evolution.cmaes import CMAES
from rung.searchers.evolution.differential import DifferentialEvolution
from rung.searchers.evolution.genetic import GeneticSearch
from rung.searchers.evolution.nsga import NSGA2, NSGA3
from rung.searchers.evolution.regularized import RegularizedEvolution
from rung.searchers.forest import Forest
from rung.searchers.gaussian.mobster import MOBSTER
from rung.searchers.gaussian.options import GP
from rung.searchers.grid import GridSearch
from rung.searchers.mfes.options import MFES
from rung.searchers.mix import Mix
from rung.searchers.quasirandom import QuasiRandom
from rung.searchers.random import RandomSearch
from rung.searchers.tpe.options import TPE
from rung.searchers.transfer.options import RGPE, MultiTaskGP, QuantileTransfer
from rung.searchers.transfer.portfolio import Portfolio

SEARCHERS: Registry[SearcherSpec] = Registry("searcher")

for _spec in (Auto, RandomSearch, QuasiRandom, GridSearch, TPE, GP, MOBSTER, MFES, CurveGP, Forest, Mix):
    SEARCHERS.add(_spec)

for _evolution in (CMAES, DifferentialEvolution, GeneticSearch, RegularizedEvolution, NSGA2, NSGA3):
    SEARCHERS.add(_evolution)

for _transfer in (Portfolio, QuantileTransfer, RGPE, MultiTaskGP):
    SEARCHERS.add(_transfer)
