from rung.core.rng import address, rng, trial_seed


def test_an_address_is_the_same_on_every_machine_and_version() -> None:
    assert address(0, "trial", 0) == 6488305942618790854
    assert rng(7, "block", 3).random(2).tolist() == [0.3703686462641199, 0.5347104562610691]


def test_neighbouring_addresses_have_nothing_in_common() -> None:
    places = [(seed, purpose, n) for seed in range(20) for purpose in ("a", "b", "a/1") for n in range(20)]
    assert len({address(*place) for place in places}) == len(places)
    draws = [rng(*place).random() for place in places]
    assert 0.45 < sum(draws) / len(draws) < 0.55


def test_seeds_of_trials_fit_into_31_bits_and_do_not_depend_on_other_trials() -> None:
    seeds = [trial_seed(3, trial) for trial in range(1000)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert len(set(seeds)) == 1000
    assert trial_seed(3, 999) == seeds[999]
