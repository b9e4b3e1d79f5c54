import sqlite3
import threading

from sekisho.app.console.courier import Courier
from sekisho.app.console.database import Database


def test_errands_are_run_until_it_is_stopped_and_a_full_disk_ends_nothing(tmp_path):
    done, tries, begun = threading.Event(), [], []

    def full():
        tries.append(1)
        raise sqlite3.OperationalError("database or disk is full")

    def works():
        done.set()
        return False

    courier = Courier(Database(tmp_path), [full, works], [lambda: begun.append(1)])
    courier.start()
    assert done.wait(10)
    courier.stop()
    assert begun == [1]
    assert tries
