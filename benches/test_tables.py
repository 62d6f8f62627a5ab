"""The tables and the picture of made-up figures: a measurement of ten minutes must not end with an
exception in one of them."""

import unittest
import xml.etree.ElementTree as ElementTree
from unittest import mock

import picture
import run
import table


def figures_of(servers, rows):
    result = dict(rate=12.5, failed=0, p50_ms=1.0, p99_ms=2.0, cpu=0.5, ns=900, memory=4 << 20)
    results = {row["name"]: {server.name: dict(result) for server in servers if server.takes(row)} for row in rows}
    return dict(machine="a machine", repeat=1, peer_repeat=1, load_before=0.0, results=results,
                servers=[server.name for server in servers], peers=[])


class Published(unittest.TestCase):
    def setUp(self):
        with mock.patch.object(run.Path, "exists", return_value=True):
            self.servers = run.ours_and_limit() + run.peers()
        self.figures = figures_of(self.servers, run.ROWS)

    def test_all_peers_take_part(self):
        self.assertGreaterEqual(len(self.servers), 16)

    def test_the_table_names_every_program_and_row(self):
        text = table.whole(self.figures, run.ROWS)
        for name in self.figures["servers"] + [row["name"] for row in run.ROWS]:
            self.assertIn(name, text)

    def test_the_picture_has_a_bar_for_each_figure(self):
        drawing = ElementTree.fromstring(picture.bars(self.figures, run.ROWS))
        bars = drawing.findall("{*}rect")
        figures = sum(len(results) for results in self.figures["results"].values())
        self.assertEqual(len(bars), 1 + len(self.servers) + figures)
        self.assertEqual(len(self.servers), len(picture.colours_of(self.figures["servers"])))

    def test_failed_runs_are_shown(self):
        first = run.ROWS[0]["name"]
        self.figures["results"][first]["libtftpserver"] = {"error": ["does not answer"]}
        self.assertIn("failed", table.whole(self.figures, run.ROWS))
        picture.bars(self.figures, run.ROWS)


if __name__ == "__main__":
    unittest.main()
