from raysc.results.plots.subset import spread


def test_the_first_and_the_last_are_among_few_of_many():
    assert spread(range(100), 5) == [0, 25, 50, 74, 99]
    assert spread([3, 4], 5) == [3, 4]
    assert spread([3, 4], 1) == [3]
    assert spread([], 3) == []
