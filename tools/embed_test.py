"""Tests of embed.py: what it reads, what it refuses, and that C gives the text back unchanged."""
import gzip
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EMBED = Path(__file__).with_name("embed.py")
QUERY_H = EMBED.parent.parent / "src" / "core" / "pg" / "query.h"

PLAIN = """-- name:  sizes
-- doc:   Sizes of tables,
--        largest first.
-- since: 140000
-- param: $1 int8 smallest size, bytes
-- param: $2 oid[] tables
-- row:   oid oid, size int8,
--        name text
SELECT 1 -- ; in a comment and ';' in a string are no second statement
"""


class EmbedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run_embed(self, *paths):
        return subprocess.run([sys.executable, EMBED, "mod", self.folder / "out.c",
                               self.folder / "out.h", *paths],
                              capture_output=True, text=True, check=False)

    def embed(self, *paths):
        done = self.run_embed(*paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (self.folder / "out.c").read_text(), (self.folder / "out.h").read_text()

    def refused(self, words, *files):
        done = self.run_embed(*(self.write(name, text) for name, text in files))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(words, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertFalse((self.folder / "out.c").exists())

    def output_of(self, body):
        """What a C program says that is linked with the embedded texts."""
        (self.folder / "main.c").write_text('#include "out.h"\n#include <stdio.h>\n'
                                            f"int main(void) {{ {body} return 0; }}\n")
        pg = self.folder / "pg"
        pg.mkdir(exist_ok=True)
        (pg / "query.h").write_text(QUERY_H.read_text())
        # -std=c17 and not gnu17: only there do trigraphs mean something.
        subprocess.run([*os.environ.get("CC", "cc").split(), "-std=c17", "-Wall", "-Wextra",
                        "-pedantic", "-Werror",
                        "-I", self.folder, "-o", self.folder / "main", self.folder / "main.c",
                        self.folder / "out.c"], check=True)
        return subprocess.run([self.folder / "main"], capture_output=True, check=True).stdout

    # ---- header ---------------------------------------------------------------------------

    def test_header(self):
        source, header = self.embed(self.write("sizes.sql", PLAIN))
        self.assertIn("/* Sizes of tables, largest first. */", header)
        self.assertIn("extern const struct query query_mod_sizes;", header)
        self.assertIn("MOD_SIZES_OID, MOD_SIZES_SIZE, MOD_SIZES_NAME", header)
        self.assertIn('.name = "mod_sizes"', source)
        self.assertIn(".since = 140000", source)
        self.assertIn('{"int8", "oid[]", NULL}', source)
        self.assertIn('{"oid", "size", "name", NULL}', source)
        self.assertIn('{"oid", "int8", "text", NULL}', source)
        self.assertIn(".older = NULL", source)

    def test_header_stays_in_the_statement(self):
        self.embed(self.write("sizes.sql", PLAIN))
        self.assertEqual(self.output_of("fputs(query_mod_sizes.sql, stdout);"),
                         PLAIN.strip().encode())

    def test_shortest_header(self):
        source, header = self.embed(self.write("one.sql", "-- name: one\n-- doc: One.\nSELECT"))
        self.assertIn(".since = 0", source)
        self.assertNotIn("enum", header)

    def test_comments_below_the_header_are_no_fields(self):
        source, _ = self.embed(self.write(
            "one.sql", "-- name: one\n-- doc: One.\nSELECT\n-- since: 150000\n 1"))
        self.assertIn(".since = 0", source)

    # ---- variants -------------------------------------------------------------------------

    @staticmethod
    def variant(since, row="a int4", param=""):
        return f"-- name: q\n-- doc: Q.\n-- since: {since}\n{param}-- row: {row}\nSELECT {since}"

    def test_variants(self):
        paths = [self.write("q.pg18.sql", self.variant(180000)),
                 self.write("q.sql", self.variant(140000)),
                 self.write("q.pg16.sql", self.variant(160000))]
        self.embed(*paths)
        said = self.output_of('for (const struct query *q = mod_queries[0]; q; q = q->older)'
                              ' printf("%d ", q->since); printf("%d", mod_queries[1] == 0);')
        self.assertEqual(said, b"180000 160000 140000 1")

    def test_variants_disagree(self):
        self.refused("versions disagree", ("q.sql", self.variant(140000)),
                     ("q.pg16.sql", self.variant(160000, "b int4")))
        self.refused("versions disagree", ("q.sql", self.variant(140000)),
                     ("q.pg16.sql", self.variant(160000, param="-- param: $1 int4 x\n")))

    def test_since_and_file_name_disagree(self):
        self.refused("`since` and file name disagree", ("q.pg16.sql", self.variant(170000)))
        self.refused("`since` and file name disagree",
                     ("q.pg16.sql", "-- name: q\n-- doc: Q.\nSELECT"))

    # ---- refusals ---------------------------------------------------------------------------

    def test_two_statements(self):
        for sql in ("SELECT 1;", "SELECT 1; SELECT 2", "SELECT ';' ;"):
            self.refused("one statement", ("q.sql", f"-- name: q\n-- doc: Q.\n{sql}\n"))

    def test_missing_fields(self):
        self.refused("header needs", ("q.sql", "-- name: q\nSELECT 1"))
        self.refused("header needs", ("q.sql", "-- doc: Q.\nSELECT 1"))
        self.refused("header needs", ("q.sql", "-- name: p\n-- doc: Q.\nSELECT 1"))
        self.refused("header needs", ("q.sql", ""))

    def test_wrong_fields(self):
        for line, words in (("-- row: a", "`row`"), ("-- since: soon", "`since`"),
                            ("-- param: $1", "`param`"), ("-- param: $2 int4", "`param`"),
                            ("-- param: int4 x", "`param`")):
            self.refused(words, ("q.sql", f"-- name: q\n-- doc: Q.\n{line}\nSELECT 1"))

    # ---- texts --------------------------------------------------------------------------------

    def test_escaping(self):
        for text in (b'"quotes" and \\ and \\n', b"??/ ??= ??( trigraphs ??)", b"\t\r\x01\x7f7",
                     "Größe, 🐘, \u2028, \u0085 and \x0b\x0c".encode(), "ü1 é2".encode(), b"",
                     b"\n", b"\n\nno end of line", b"%s %d /* */ // #include"):
            with self.subTest(text=text):
                self.embed(self.write("README.md", text))
                self.assertEqual(self.output_of("fputs(mod_readme, stdout);"), text)

    def test_names_of_texts(self):
        _, header = self.embed(self.write("bash-Completion.sh", "x"))
        self.assertIn("extern const char mod_bash_completion[];", header)

    def test_long_text_compiles_without_a_warning(self):
        self.embed(self.write("README.md", "x" * 5000))
        self.assertEqual(self.output_of("fputs(mod_readme, stdout);"), b"x" * 5000)

    # ---- migrations -------------------------------------------------------------------------------

    def test_migrations(self):
        paths = [self.write("migrations/002_more.sql", "C; D;"),
                 self.write("migrations/001_first.sql", "A; B;")]
        self.embed(*paths)
        said = self.output_of('for (int i = 0; mod_migrations[i]; i++)'
                              ' printf("%d:%s ", i, mod_migrations[i]);')
        self.assertEqual(said, b"0:A; B; 1:C; D; ")

    def test_migrations_with_a_gap(self):
        self.refused("without a gap", ("migrations/001_a.sql", "A"),
                     ("migrations/003_b.sql", "B"))

    # ---- the page ---------------------------------------------------------------------------------

    def web(self):
        done = subprocess.run([sys.executable, EMBED, "--web", self.folder / "web",
                               self.folder / "out.c", self.folder / "out.d"],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            self.assertNotIn("Traceback", done.stderr)
            return None, None
        return (self.folder / "out.c").read_text(), (self.folder / "out.d").read_text()

    def test_web(self):
        (self.folder / "web").mkdir()
        page = b"<!doctype html>" + bytes(range(256))
        self.write("web/index.html", page)
        self.write("web/pages/a.js", "export {}")
        for name in ("web/.a.js.swp", "web/b.js~", "web/README.md"):
            self.write(name, "no file of the page")
        source, depends = self.web()
        self.assertEqual(re.findall(r'\{"(/[^"]*)"', source), ["/index.html", "/pages/a.js"])
        self.assertIn(str(self.folder / "web/pages"), depends.split())
        packed = re.search(r"file_0\[\] = \{(.*?)\}", source, re.S)[1].split(",")[:-1]
        self.assertEqual(gzip.decompress(bytes(map(int, packed))), page)
        self.assertEqual(self.web(), (source, depends))

    def test_web_of_unknown_type(self):
        (self.folder / "web").mkdir()
        self.write("web/a.exe", "x")
        self.assertEqual(self.web(), (None, None))


if __name__ == "__main__":
    unittest.main()
