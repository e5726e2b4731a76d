"""The report in a real browser: it renders, sorts, filters, opens candidates, and asks nothing of anyone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers
from cycles.figures.runs import gather
from cycles.reporting.page import render
from cycles.run.run_directory import RunDirectory
from cycles.showing.serve import ReportServer
from tests.cycles.browser import CHROMIUM, MISSING, Browser
from tests.cycles.test_reporting import HOSTILE
from tests.runs import SMALL, append_cycle, new_run, write_run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

ROWS = "[...document.querySelectorAll('#table tbody tr')]"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def page(tmp_path: Path, *runs: Path) -> str:
    path = tmp_path / "report.html"
    path.write_text(render(gather(runs)), encoding="utf-8")
    return path.as_uri()


def assert_quiet(browser: Browser, address: str) -> None:
    assert browser.complaints == []
    assert [request for request in browser.requests if not request.startswith("data:")] == [address]


def column(browser: Browser, name: str) -> list[str]:
    """Return what stands in one column of the table."""
    cells = f"{ROWS}.map((row) => row.cells[tableColumns.findIndex((c) => c.name === '{name}')].textContent)"
    found: list[str] = browser.run(cells)
    return found


def test_a_report_renders_and_asks_nothing(browser: Browser, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "loop", count=12), write_run(tmp_path / "frozen", teachers=Teachers.NOBODY)]
    address = page(tmp_path, *runs)
    browser.open(address)
    assert browser.run("document.querySelectorAll('svg.chart').length") >= 14
    assert browser.run("document.querySelectorAll('svg.network').length") >= 1
    assert_quiet(browser, address)


@pytest.mark.parametrize("width", [1400, 800, 390])
def test_nothing_is_wider_than_the_screen(browser: Browser, tmp_path: Path, width: int) -> None:
    runs = [write_run(tmp_path / f"run-{seed}", seed=seed, cycles=2) for seed in range(4)]
    browser.open(page(tmp_path, *runs))
    browser.screenshot(tmp_path / "shot.png", width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_table_sorts_both_ways_and_by_every_column(browser: Browser, tmp_path: Path) -> None:
    address = page(tmp_path, write_run(tmp_path / "run", cycles=2, count=12))
    browser.open(address)
    known = [value for value in column(browser, "accuracy") if "%" in value]
    assert known[0] == "56.7%" and len(known) == 12
    assert known == sorted(known, key=lambda value: -float(value.rstrip("%")))
    browser.run("document.querySelector('#table th[aria-sort] button').click()")
    assert column(browser, "accuracy")[:12] == known[::-1]  # and those without an accuracy still last
    heads = browser.run("document.querySelectorAll('#table th button').length")
    for place in range(heads):
        for _ in range(2):
            browser.run(f"document.querySelectorAll('#table th button')[{place}].click()")
        assert browser.run("document.querySelectorAll('#table th[aria-sort]').length") == 1
    names = column(browser, "candidate")
    assert len(names) == len(set(names)) == 24
    assert_quiet(browser, address)


def test_the_table_filters_and_searches(browser: Browser, tmp_path: Path) -> None:
    browser.open(page(tmp_path, write_run(tmp_path / "run", cycles=2, count=12)))
    browser.run("{const box = byId('by-cycle'); box.value = '1'; box.dispatchEvent(new Event('change'));}")
    assert set(column(browser, "cycle")) == {"1"}
    browser.run("{byId('search').value = 'SHAPES fit'; byId('search').dispatchEvent(new Event('input'));}")
    assert set(column(browser, "status")) == {"shape error"}
    assert browser.run("byId('count').textContent") == "6 of 24 candidates"
    browser.run("{byId('search').value = 'no such thing'; byId('search').dispatchEvent(new Event('input'));}")
    assert column(browser, "status") == []


def test_a_candidates_page_opens_with_its_program_drawing_and_lineage(
    browser: Browser, tmp_path: Path
) -> None:
    address = page(tmp_path, write_run(tmp_path / "run", cycles=3, count=8))
    browser.open(address)
    browser.run("document.querySelector('#table tbody a').click()")
    browser.wait_until("document.querySelector('#candidate .detail pre')")
    name = browser.run("byId('candidate-title').textContent")
    assert name == "c002/0003" and browser.run("byId('report').hidden")
    assert "width = 19" in browser.run("document.querySelector('#candidate pre').textContent")
    assert browser.run("document.querySelectorAll('#candidate svg.network').length") == 1
    browser.run("document.querySelector('#candidate details').open = true")
    browser.wait_until("document.querySelector('#candidate .diff .added')")
    assert "+ width = 19" in browser.run("document.querySelector('#candidate .diff').textContent")
    assert "came from c001/0003" in browser.run("document.querySelector('.lineage').textContent")
    browser.run("history.back()")
    browser.wait_until("!byId('report').hidden")
    assert_quiet(browser, address)


def test_an_address_of_nothing_says_so(browser: Browser, tmp_path: Path) -> None:
    browser.open(page(tmp_path, write_run(tmp_path / "run", cycles=1)))
    for address in ("#/run/nobody", "#/%E0%A4%A", "#/"):
        browser.run(f"location.hash = '{address}'")
        browser.wait_until("byId('candidate-title')?.textContent === 'No such candidate'")
    assert browser.complaints == []


def test_hostile_programs_run_nothing_and_are_shown(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=2, count=10, texts=HOSTILE, error="".join(HOSTILE[:3]))
    address = page(tmp_path, run)
    browser.open(address)
    title = browser.run("document.title")
    for index in range(10):
        browser.run(f"location.hash = '#/run/' + encodeURIComponent('c001/{index:04d}')")
        browser.wait_until(
            f"byId('candidate-title').textContent === 'c001/{index:04d}'"
            " && document.querySelector('#candidate .detail pre')"
        )
        if index >= 5:  # the second half failed, and printed hostile text too
            assert "</script><script>" in browser.run(
                "document.querySelector('#candidate details pre').textContent"
            )
        for place in range(browser.run("document.querySelectorAll('#candidate details').length")):
            browser.run(f"document.querySelectorAll('#candidate details')[{place}].open = true")
    browser.wait_until("document.querySelector('#candidate .diff, #candidate details .nothing')")
    browser.run("location.hash = '#candidates'")
    browser.wait_until("!byId('report').hidden")
    assert browser.run("document.title") == title
    assert browser.run("document.querySelectorAll('img, iframe, object').length") == 0
    assert "</script><script>" in browser.run("document.querySelector('#networks').textContent")
    assert_quiet(browser, address)


@pytest.mark.parametrize(("cycles", "share"), [(2, 0.0), (1, 0.5)])
def test_a_run_with_little_to_show_renders(
    browser: Browser, tmp_path: Path, cycles: int, share: float
) -> None:
    address = page(tmp_path, write_run(tmp_path / "run", cycles=cycles, valid_share=share))
    browser.open(address)
    assert browser.run("document.querySelectorAll('#table tbody tr').length") == 8 * cycles
    assert_quiet(browser, address)


def test_ten_thousand_candidates_stay_small_and_quick(browser: Browser, tmp_path: Path) -> None:
    config = RunConfig(cycles=5, candidates=2000, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        ledger._connection.execute("PRAGMA synchronous = OFF")  # a test's ledger need not survive a crash
        for cycle in range(config.cycles):
            append_cycle(ledger, cycle, config.candidates)
    address = page(tmp_path, directory.path)
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    browser.open(address)
    assert browser.run("byId('count').textContent") == "10,000 candidates"
    took = browser.run(
        "(() => { const start = performance.now(); byId('search').value = 'shape 0042';"
        " byId('search').dispatchEvent(new Event('input')); return performance.now() - start; })()"
    )
    assert took < 1500  # generous: two shared cores; a reader notices from about 200 ms on
    assert browser.run("document.querySelectorAll('#table tbody tr').length") <= 50
    assert_quiet(browser, address)


def test_the_theme_follows_the_button_and_every_text_keeps_its_contrast(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open(page(tmp_path, write_run(tmp_path / "run", cycles=2)))
    for theme in ("light", "dark"):
        while browser.run("document.documentElement.dataset.theme") != theme:
            browser.run("byId('theme').click()")
        assert browser.run(_LOWEST_CONTRAST) >= 4.5


_LOWEST_CONTRAST = """(() => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).map(Number).slice(0, 3)
      .map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement('i');
  document.body.append(probe);
  const value = (name) => {
    probe.style.color = style.getPropertyValue(name);
    return getComputedStyle(probe).color;
  };
  let lowest = 21;
  for (const text of ['--ink', '--soft', '--loop', '--frozen', '--random', '--good', '--warn'])
    for (const ground of ['--paper', '--raised']) {
      const [a, b] = [light(value(text)), light(value(ground))].sort((x, y) => y - x);
      lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
    }
  probe.remove();
  return lowest;
})()"""


def test_everything_that_acts_has_a_name_and_can_be_reached_by_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open(page(tmp_path, write_run(tmp_path / "run", cycles=2)))
    tree = browser.ask("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "link", "searchbox", "combobox", "image")
    nameless = [
        node
        for node in tree
        if not node["ignored"]
        and node.get("role", {}).get("value") in roles
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []
    assert browser.run(
        "[...document.querySelectorAll('.scroll, .canvas, pre')].every((each) => each.tabIndex === 0)"
    )


def test_a_served_page_renews_itself_and_keeps_its_filter(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=1)
    with ReportServer([run]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            browser.open(server.url)
            browser.run("{byId('search').value = '0001'; byId('search').dispatchEvent(new Event('input'));}")
            with LedgerWriter.open(RunDirectory.open(run).ledger_file) as ledger:
                append_cycle(ledger, 1, 8)
            browser.expect_reload()
            assert column(browser, "candidate") == ["c001/0001", "c000/0001"]
            assert browser.complaints == []
        finally:
            server.shutdown()
            thread.join()
