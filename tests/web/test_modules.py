"""The page's pure functions, asked without a browser."""

import json
import os
import shutil
import subprocess

import pytest

from support.program import REPOSITORY

WEB = REPOSITORY / "src" / "host" / "http" / "web"
HEBREW = "שלום, עולם"


# Answers a line of JSON, [module, name, arguments], with what the function gives.
ANSWER = """
    import { createInterface } from 'node:readline';
    for await (const line of createInterface({ input: process.stdin })) {
        const [module, name, given] = JSON.parse(line);
        const it = (await import(module))[name];
        console.log(JSON.stringify([it(...given) ?? null]));
    }"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """ask("strange.js", "visible", text) → what it gives."""
    folder = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(WEB, folder)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    with subprocess.Popen(["node", "--input-type=module", "-e", ANSWER], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, encoding="utf-8",
                          env={**os.environ, "TZ": "Pacific/Apia"}) as node:

        def call(module, name, *arguments):
            node.stdin.write(json.dumps([str(folder / module), name, arguments]) + "\n")
            node.stdin.flush()
            return json.loads(node.stdout.readline())[0]

        yield call


def test_what_drives_is_seen(ask):
    """As the command line shows it: tests of core/out/display.h have the same."""
    drives = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F,
                               0x61C, 0x2028, 0x2029, 0x1B, 0x7F, 0x85)))
    seen = ask("strange.js", "visible", drives)
    assert not set(drives) & set(seen)
    assert seen.startswith("\\u202a\\u202b") and seen.endswith("\\x1b\\x7f\\x85")
    assert ask("strange.js", "visible", "a\r\n\tb\rc") == "a\n\tb\\rc"
    assert ask("strange.js", "visibleName", "a\n\tb") == "a\\n\\tb"
    assert ask("strange.js", "runsOf", f"as {HEBREW}, 336 kB") == ["as ", HEBREW, ", 336 kB"]
    assert ask("strange.js", "runsOf", "a\u202eb") == ["a\u202eb"]


@pytest.mark.parametrize("text, pasted", [
    ('DROP INDEX "a"."b\n"', 'DROP INDEX "a"."b\n"'),
    ('DROP INDEX "a"."\u202e""\\"', 'DROP INDEX "a".U&"\\202e""\\\\"'),
    ("CREATE INDEX i ON t (x) WHERE a = '\x1b'' '", "CREATE INDEX i ON t (x) WHERE a = U&'\\001b'' '"),
    ("""SELECT '"' E'\u202e' '"'""", None), ("SELECT $a$\u202e$a$", None), ("SELECT 1 -- \u202e", None),
    ("SELECT '\u202e' -- 'it'", "SELECT U&'\\202e' -- 'it'"), ("DROP INDEX a\u202e", None)])
def test_sql_to_paste(ask, text, pasted):
    assert ask("strange.js", "pasteableSql", text) == pasted


@pytest.mark.parametrize("text, pasted", [
    ("pgrunbook check", "pgrunbook check"), ("sudo a\nb", "sudo a\nb"),
    ("x '\"j\u202e\nk\"' --target 'it'\\''s'", "x $'\"j\\U0000202e\\U0000000ak\"' --target 'it'\\''s'"),
    ("x $'\\'' '\u202e'", "x $'\\'' $'\\U0000202e'"), ("x \"\u202e\"", None), ("x \u202e", None)])
def test_command_to_paste(ask, text, pasted):
    assert ask("strange.js", "pasteableLine", text) == pasted


def test_no_half_character(ask):
    assert ask("strange.js", "beginning", "😀😀😀", 3) == "😀"
    assert ask("strange.js", "beginning", "a😀😀", 3) == "a😀"
    assert ask("strange.js", "beginning", "abcd", 3) == "abc"
    assert ask("strange.js", "beginning", "ab", 3) == "ab"


def test_times_are_those_of_the_browser(ask):
    """A refusal of the command line has them in UTC."""
    text = ask("format.js", "localTimes", "2026-11-26 16:59:34.163000+00 is not behind, 2026-11-26 16:59:34+01")
    assert text == "2026-11-27 05:59:34 is not behind, 2026-11-26 16:59:34+01"


def test_what_came_of_a_drop(ask):
    """Which index it was is in the sentence of the run."""
    assert ask("summary.js", "sentenceOf", {"dropped": "public.i", "size_bytes": 344064}) \
        == "dropped public.i, size 336 kB"
    proved = {"backup": "1F", "verdict": "proven", "recovery_seconds": 0, "checks": [],
              "reserve": "postgres: indexes"}
    assert "proven" in ask("summary.js", "sentenceOf", proved)
    assert "not looked at: postgres: indexes" in ask("summary.js", "sentenceOf", proved)
    assert ask("summary.js", "sentenceOf", {"of": "public.i", "done": 1, "failed": 0, "skipped": 0}) \
        == "public.i, 1 done"


def test_whose_turns(ask):
    others = [{"name": "twin", "state": "up", "acts": False, "done_by": "app", "holder": "pid 7"},
              {"name": "far", "state": "up", "acts": False, "holder": "pid 8"},
              {"name": "copy", "state": "up", "acts": False, "in_recovery": True},
              {"name": "new", "state": "up", "acts": False}]
    ours = [{"name": "app", "state": "up", "acts": True}, {"name": "down", "state": "down"}]
    jobs = [{"target": one["name"], "turns": [1]} for one in (*others, *ours)]
    given = ask("turns.js", "turnsHere", jobs, [*others, *ours])
    assert [job["turns"] for job in given] == [[], [], [], [], [1], [1]]
    said = [job["elsewhere"] for job in given[:4]]
    for words, sentence in zip(("target app,", "another daemon, pid 8", "a standby", "not settled"), said,
                               strict=True):
        assert words in sentence


def test_what_is_known_already(ask):
    down = {"name": "shop", "state": "down", "reason": "no route"}
    copy = {"name": "copy", "state": "up", "in_recovery": True}
    assert ask("known.js", "knownRefusal", "bloat", "report", down)["message"] == "shop is down: no route"
    assert ask("known.js", "knownRefusal", "backup", "list", down) is None
    assert ask("known.js", "knownRefusal", "vacuum", "plan", copy)["status"] == 409
    assert ask("known.js", "knownRefusal", "bloat", "report", copy) is None
    assert ask("known.js", "knownRefusal", "bloat", "report", None) is None
