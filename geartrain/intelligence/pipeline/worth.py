"""What an open deal is worth: its amount then, or the list price of its product where that is not known."""

from __future__ import annotations

from typing import Any

import ibis

MONEY = "decimal(38, 4)"


def plain_name(name: Any) -> Any:
    """A product's id without case, spaces and punctuation: `GTXPro` and `GTX Pro` are written alike.

    Only a stand-in price is looked up by it; the deal stays under the name that it has.
    """
    return name.lower().re_replace(r"[^a-z0-9]", "")


def list_prices(products: ibis.Table) -> ibis.Table:
    """One price per plain name; none where two products that are written alike have different prices."""
    named = products.filter(products.list_price.notnull())
    named = named.select(
        plain=plain_name(named.product_id), price=named.list_price.cast(MONEY), price_in=named.currency
    )
    one = named.group_by("plain").aggregate(
        price=named.price.max(), low=named.price.min(), price_in=named.price_in.max(), n=named.price_in.nunique()
    )
    return one.filter(one.price == one.low, one.n <= 1).select("plain", "price", "price_in")


def worth(states: ibis.Table, products: ibis.Table, *, currency: str, at_list: bool = False) -> ibis.Table:
    """The states with `worth` (native currency) and `stood_in`: the list price stands in for an unknown amount.

    Args:
        states: Rows with product_id, amount and currency, any grain; each comes back once.
        currency: The workspace's, which an empty currency column means.
        at_list: Take the list price even where the amount is known.

    A price in another currency than the deal's stands in for nothing.
    """
    prices = list_prices(products)
    named = states.mutate(plain_product=plain_name(states.product_id))
    met = named.left_join(prices, named.plain_product == prices.plain)
    same = ibis.coalesce(met.currency, currency) == ibis.coalesce(met.price_in, currency)
    price = ibis.ifelse(same, met.price, ibis.null(MONEY))
    known = ibis.null(MONEY) if at_list else met.amount.cast(MONEY)
    met = met.mutate(worth=ibis.coalesce(known, price), stood_in=known.isnull() & price.notnull())
    return met.select(*states.columns, "worth", "stood_in")
