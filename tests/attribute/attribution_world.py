"""A small world of actors with habits, reports by report, for tests."""

import random
from datetime import date, timedelta

from sekisho.model.attribution import Citation, Knowledge, Named, Use

KINDS = {"G": "actor", "S": "malware", "T": "technique"}


def knowledge(*rows):
    """Make knowledge of rows (actor, items, url, date or None)."""
    names, uses = {}, {}
    for actor, items, url, day in rows:
        for key in (actor, *items):
            names[key] = Named(key, KINDS[key[0]], f"name of {key}")
        for item in items:
            uses.setdefault((actor, item), []).append(Citation(url, day))
    return Knowledge("test", names, tuple(Use(a, b, tuple(c)) for (a, b), c in uses.items()), {})


def world(seed=7, actors=8, each=8):
    """Give rows in which every actor has six techniques of its own liking and one malware."""
    dice, rows, day = random.Random(seed), [], date(2012, 1, 1)
    habits = {f"G{n:04}": dice.sample([f"T1{k:03}" for k in range(40)], 8) for n in range(actors)}
    for number in range(actors * each):
        actor = f"G{dice.randrange(actors):04}"
        items = [*dice.sample(habits[actor], 5), f"T1{dice.randrange(40):03}"]
        if dice.random() < 0.5:
            items.append(f"S{actor[1:]}")
        day += timedelta(days=40)
        rows.append((actor, tuple(dict.fromkeys(items)), f"https://r{number}.example/a", day))
    return rows
