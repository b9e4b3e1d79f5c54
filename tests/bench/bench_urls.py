"""URLs: how much text is searched a second, and how many are parsed.

Run: ./dev bench urls
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sekisho.model.urltext import defang, find_urls, parse_url, refang

PROSE = (
    "\u304a\u5ba2\u69d8 \u8acb\u6c42\u66f8\u306e\u4ef6\u3001\u4e0b\u8a18\u3092\u3054\u78ba\u8a8d\u304f\u3060\u3055\u3044\u3002 Please see the invoice below and call us back. "
    * 20
)
TEXTS = {
    "mail text, one URL a kB": (PROSE + "https://www.example.com/a/b?c=d\u3092\u3054\u89a7\u304f\u3060\u3055\u3044\n")
    * 600,
    "links only": "".join(f"http://h{n}.example/path/{n}.html\n" for n in range(40_000)),
    "2 MB of a.": "a." * 1_000_000,
    "2 MB of http://": "http://" * 285_000,
}


def best(run: Callable[[], object], times: int = 3) -> float:
    """Give the shortest CPU time of a few runs, seconds."""
    spent = []
    for _ in range(times):
        started = time.process_time()
        run()
        spent.append(time.process_time() - started)
    return min(spent)


def main() -> None:
    """Print MB/s of searching and defanging, and URLs parsed a second."""
    for name, text in TEXTS.items():
        size = len(text.encode()) / 1e6
        print(
            f"{name} ({size:.1f} MB): find_urls {size / best(lambda t=text: find_urls(t, 'x', limit=10**6)):.0f} MB/s,"
            f" defang {size / best(lambda t=text: defang(t)):.0f} MB/s, refang {size / best(lambda t=text: refang(t)):.0f} MB/s"
        )
    urls = [f"http://0x{n:x}/a/{n}" for n in range(1 << 24, (1 << 24) + 20_000)]
    print(f"parse_url, hexadecimal hosts: {len(urls) / best(lambda: [parse_url(url) for url in urls]):,.0f}/s")


if __name__ == "__main__":
    main()
