"""What deals consist of: lines that add up to the amount, who shares the credit, and the quotes on the way."""

from __future__ import annotations

import numpy as np

from geartrain.sample.accounts import CURRENCY_NAMES
from geartrain.sample.company import PRODUCTS, REGIONS
from geartrain.sample.deals import TERM_FACTOR, TERMS
from geartrain.sample.people import Staff
from geartrain.sample.tables import Columns, Table, ids, labels, repeat, texts
from geartrain.sample.world import DAY, MISSING, Array, World, pick

SKUS = tuple(p[0] for p in PRODUCTS)
LIST_PRICE = np.array([p[3] for p in PRODUCTS]) * 100
PRICE_LEVEL = np.array([100, 92, 79])  # hundredths of the USD list price, by currency
DISCOUNTS = np.array([0, 5, 8, 10, 12, 15, 20])  # per cent
PROPOSAL = 3


def product_table() -> Table:
    """The `product` records."""
    return Table(
        "product",
        {
            "product_id": texts(SKUS), "name": texts(p[1] for p in PRODUCTS), "family": texts(p[2] for p in PRODUCTS),
            "list_price": LIST_PRICE.copy(), "currency": texts(["USD"] * len(SKUS)),
        },
    )  # fmt: skip


def generate_lines(world: World, deals: Columns, currency: Array) -> Columns:
    """One to three lines a deal: deal, product, quantity, unit_price (cents), discount (per cent), amount (cents).

    The first line of a deal is of its main product. amount = quantity × unit_price × (1 - discount), to the cent.
    """
    rng = world.stream("lines")
    count = len(deals["seat"])
    deal, nth = repeat(1 + pick(rng, np.array([0.5, 0.32, 0.18]), count))
    weights = np.array([[14, 16, 12, 16, 20, 8, 6, 8], [14, 20, 14, 14, 12, 12, 8, 6], [24, 14, 22, 6, 4, 12, 14, 4]])
    first = np.concatenate([[pick(rng, weights[s], 1)[0] for s in deals["segment"].tolist()]]).astype(np.int64)
    step = rng.integers(1, 4, count)  # other lines are of other products
    product = (first[deal] + nth * step[deal]) % len(SKUS)
    share = rng.uniform(0.3, 1.0, len(deal))
    share[nth == 0] += 0.8
    total = np.bincount(deal, weights=share, minlength=count)
    price = LIST_PRICE[product] * PRICE_LEVEL[currency[deal]] // 100
    discount = DISCOUNTS[pick(rng, np.array([40, 14, 8, 16, 8, 10, 4]), len(deal))]
    wanted = deals["annual"] * TERM_FACTOR[deals["term"]] * 100 * PRICE_LEVEL[currency] / 100
    aim = wanted[deal] * share / total[deal]
    quantity = np.maximum(1, np.round(aim / (price * (100 - discount) / 100))).astype(np.int64)
    gross = quantity * price * (100 - discount)
    return {
        "deal": deal, "product": product, "quantity": quantity, "unit_price": price, "discount": discount,
        "amount": (gross + 50) // 100,
    }  # fmt: skip


def totals(lines: Columns, count: int) -> Array:
    """The amount of each deal in cents: the sum of its lines."""
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, lines["deal"], lines["amount"])
    return total


def line_table(lines: Columns) -> Table:
    """The `opportunity_line` records."""
    columns = {
        "line_id": ids("OL", np.arange(1, len(lines["deal"]) + 1)),
        "opportunity_id": ids("O", lines["deal"] + 1),
        "product_id": labels(SKUS, lines["product"]),
        "quantity": lines["quantity"],
        "unit_price": lines["unit_price"],
        "discount": lines["discount"],
        "amount": lines["amount"],
    }
    return Table("opportunity_line", columns, digits={"quantity": 0, "discount": 2})


def split_table(world: World, staff: Staff, deals: Columns, owner: Array) -> Table:
    """The `split` records: direct ones that add up to 1 on every eighth deal, an overlay for the solution engineer.

    Args:
        owner: The user who owns each deal.
    """
    rng = world.stream("splits")
    job = np.array([row["role"] == "account_executive" and bool(row["is_active"]) for row in staff.rows])
    region = np.array([REGIONS.index(str(r["region"])) if r["region"] in REGIONS else -1 for r in staff.rows])
    far = deals["is_won"] | (deals["last"] >= PROPOSAL)
    parts: list[tuple[Array, Array, Array, int]] = []
    for n in range(len(REGIONS)):
        mates = np.flatnonzero(job & (region == n))
        rows = np.flatnonzero(far & (deals["region"] == n) & (rng.random(len(owner)) < 0.12))
        second = mates[rng.integers(0, len(mates), len(rows))]
        rows, second = rows[second != owner[rows]], second[second != owner[rows]]
        share = np.array([50, 60, 70, 80])[rng.integers(0, 4, len(rows))]
        parts += [(rows, owner[rows], share, 0), (rows, second, 100 - share, 0)]
        engineers = np.array([u for u in staff.working("solution_engineer") if region[u] == n])
        rows = np.flatnonzero(far & (deals["region"] == n) & (deals["segment"] == 0) & (rng.random(len(owner)) < 0.6))
        chosen = engineers[rng.integers(0, len(engineers), len(rows))]
        parts.append((rows, chosen, np.full(len(rows), 100), 1))
    deal, user, share = (np.concatenate([p[n] for p in parts]) for n in range(3))
    kind = np.concatenate([np.full(len(p[0]), p[3]) for p in parts])
    by = np.lexsort([user, kind, deal])
    columns = {
        "opportunity_id": ids("O", deal[by] + 1),
        "user_id": staff.column("user_id")[user[by]],
        "share": share[by],
        "credit_type": labels(("direct", "overlay"), kind[by]),
    }
    return Table("split", columns, digits={"share": 2})


def quote_tables(world: World, deals: Columns, lines: Columns, currency: Array) -> tuple[Table, Table]:
    """The `quote` and `quote_line` records: one quote for most deals that reached a proposal, one to four revisions.

    The last revision of a won deal was accepted and offers the lines of the deal; earlier ones offered less of a
    discount or another quantity, and now and then the same again.
    """
    rng = world.stream("quotes")
    count = len(deals["seat"])
    asked = np.where(deals["entered"][:, PROPOSAL] != MISSING, deals["entered"][:, PROPOSAL], deals["entered"][:, 4])
    rows = np.flatnonzero((asked != MISSING) & (deals["is_won"] | (rng.random(count) < 0.9)))
    end = np.where(deals["closed"] != MISSING, deals["closed"], world.now)[rows]
    asked = asked[rows]
    end = np.where(deals["forgotten"][rows] != MISSING, asked + 2 * DAY, end)
    won = deals["is_won"][rows]
    mean = np.where(won, 0.75, 1.15) * np.array([1.3, 1.0, 0.7])[deals["segment"][rows]]
    number = 1 + np.minimum(rng.poisson(mean), 3)
    quote, nth = repeat(number)
    span, pieces = (end - asked)[quote], (number + 1)[quote]
    made = asked[quote] + span * nth // pieces + 600
    sent = np.minimum(made + (rng.gamma(2.0, 0.7, len(quote)) * DAY).astype(np.int64), made + span // pieces // 2 + 600)
    final = nth == number[quote] - 1
    accepted = np.where(final & won[quote], np.maximum(sent + (end[quote] - sent) * 3 // 4, sent + 60), MISSING)
    draft = final & ~won[quote] & (deals["closed"][rows][quote] == MISSING) & (rng.random(len(quote)) < 0.2)
    lost = final & ~won[quote] & (deals["closed"][rows][quote] != MISSING)
    status = np.select([accepted != MISSING, ~final, draft, lost], [0, 1, 2, 3], 4)
    terms = np.array([30, 45, 60])[pick(rng, np.array([70, 20, 10]), len(rows))]
    columns = {
        "quote_id": ids("Q", quote + 1), "opportunity_id": ids("O", rows[quote] + 1),
        "number": texts(f"Q-{n + 1:06d}" for n in quote.tolist()), "revision": nth + 1,
        "status": labels(("accepted", "superseded", "draft", "rejected", "sent"), status),
        "created_at": made, "sent_at": np.where(draft, MISSING, np.minimum(sent, world.now)), "accepted_at": accepted,
        "currency": labels(CURRENCY_NAMES, currency[rows[quote]]), "payment_days": terms[quote],
        "term_months": TERMS[deals["term"][rows[quote]]],
    }  # fmt: skip
    return Table("quote", columns), _quote_lines(rng, lines, rows, number, count)


def _quote_lines(rng: np.random.Generator, lines: Columns, rows: Array, number: Array, count: int) -> Table:
    """Each revision's lines: those of the deal, with an offset that falls to nothing at the last revision."""
    quote_of = np.full(count, -1)
    quote_of[rows] = np.arange(len(rows))
    line = np.flatnonzero(quote_of[lines["deal"]] >= 0)
    parent, nth = repeat(number[quote_of[lines["deal"][line]]])
    line = line[parent]
    quote = quote_of[lines["deal"][line]]
    to_come = number[quote] - 1 - nth
    offset = np.where(rng.random(len(rows)) < 0.85, rng.integers(2, 6, len(rows)), 0)[quote] * to_come
    discount = np.maximum(lines["discount"][line] - offset, 0)
    more = np.where((to_come > 0) & (rng.random(len(rows)) < 0.3)[quote], to_come, 0)
    price = lines["unit_price"][line]
    by = np.lexsort([lines["product"][line], nth, quote])
    cost = price * np.array([34, 36, 38, 33, 30, 37, 55, 52])[lines["product"][line]] // 100
    columns = {
        "quote_id": ids("Q", quote + 1),
        "revision": nth + 1,
        "sku": labels(SKUS, lines["product"][line]),
        "quantity": lines["quantity"][line] + more,
        "list_price": price,
        "net_price": price * (100 - discount) // 100,
        "unit_cost": cost,
    }
    return Table("quote_line", {name: values[by] for name, values in columns.items()}, digits={"quantity": 0})
