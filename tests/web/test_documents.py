"""What is answered of a shop in trouble is what the API says of it: looks, plans and acts."""

import json

import pytest
from support.openapi import assert_is, faults, shape_of
from support.operators import Operator


@pytest.fixture
def anna(daemon, request):
    return Operator(daemon, request.node.originalname)


@pytest.fixture
def api(daemon):
    return daemon.ask("/api/v1/openapi.json")[1]


def numbers(daemon):
    """What stands in the place of {id}, {act}, … in a path."""
    backup = daemon.ask("/api/v1/backup/list?target=shop")[1]["backups"][0]["id"]
    return {"/api/v1/backup/show/{id}": [backup],
            "/api/v1/history/show/{id}": [row["id"] for row in
                                          daemon.ask("/api/v1/history/list")[1]["runs"]],
            "/api/v1/acts/{act}": []}  # below


def test_what_is_looked_at(daemon, anna, api, trouble):
    trouble.block()
    shapes, filled, seen, found = api["components"]["schemas"], numbers(daemon), 0, []
    for path, item in api["paths"].items():
        operation = item.get("get", {"responses": {"200": {"content": {}}}})
        if shape_of(operation, 200) is None:
            continue
        for number in filled.get(path, [""]):
            where = path.replace("{id}", str(number)).removeprefix("/api/v1/")
            targets = any(one["name"] == "target" for one in operation.get("parameters", []))
            code, answer = ask(daemon, anna, where + ("?target=shop" if targets else ""))
            assert code == 200, (where, answer)
            found += faults(answer, shape_of(operation, 200), shapes, where)
            seen += 1
    assert not found, "\n".join(found)
    assert seen > 30
    trouble.let_go()


def ask(daemon, anna, where):
    """Health is beside the API's root."""
    return daemon.ask(where)[:2] if where.startswith("/") else anna.ask(where)


WORDS = {"indexes/drop": ["orders_state_again"], "history/undo": ["1"]}


def test_what_is_planned_and_done(daemon, anna, api, trouble):
    trouble.block()
    shapes, seen, found = api["components"]["schemas"], set(), []
    pid = trouble.shop.value("SELECT pid FROM pg_stat_activity WHERE application_name = 'nightly'")
    words = {**WORDS, "queries/cancel": [str(pid)], "queries/terminate": [str(pid)]}
    for path, item in api["paths"].items():
        name = path.removeprefix("/api/v1/")
        if "post" not in item or name.endswith("/stop"):
            continue
        code, plan = anna.ask(f"{name}?target=shop", {"plan": True, "arguments": words.get(name, [])})
        found += faults(plan, shape_of(item["post"], code), shapes, name)
        seen |= {name} if code == 200 else set()
    assert not found, "\n".join(found)
    assert {"vacuum/run", "indexes/drop", "connections/relieve", "queries/terminate", "backup/create",
            "backup/expire", "backup/drill", "bloat/reclaim"} <= seen, seen
    plan = anna.plan("vacuum/run?target=shop", options={"table": ["stock"]})
    begun = anna.act("vacuum/run?target=shop", plan)
    assert_is(begun, shape_of(api["paths"]["/api/v1/vacuum/run"]["post"], 202), shapes, "begun")
    done = anna.done(begun)
    assert_is(done, shape_of(api["paths"]["/api/v1/acts/{act}"]["get"], 200), shapes, json.dumps(done)[:99])
    assert_is(anna.ask("acts")[1], shape_of(api["paths"]["/api/v1/acts"]["get"], 200), shapes, "acts")
    trouble.let_go()
