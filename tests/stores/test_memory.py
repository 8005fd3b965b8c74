"""The store in memory keeps the contract."""

import pytest

from rung.stores.events import Store, open_store
from stores.contract import StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return open_store(None)


def test_each_store_in_memory_is_another_one() -> None:
    open_store(None).create("digits", [])
    assert open_store(None).names() == []
