"""Deals hold together: lines, splits, quotes and history agree with the deal they belong to."""

from __future__ import annotations

import pytest

STAGES = ("Discovery", "Qualification", "Solution", "Proposal", "Negotiation")


def test_lines_add_up_to_the_amount(sample):
    odd = sample.all(
        """select o.opportunity_id from deal o left join (
             select opportunity_id, sum(amount::decimal(18, 2)) as total from (select distinct * from opportunity_line)
             group by 1) l using (opportunity_id)
           where o.amount::decimal(18, 2) is distinct from l.total"""
    )
    copies = sample.known("unreadable_value")
    assert {k for (k,) in odd} - copies == sample.known("won_amount_zero")


def test_a_line_is_quantity_times_price_less_discount(sample):
    odd = sample.all(
        """select * from opportunity_line where amount::decimal(18, 2) <>
             round(quantity::decimal(18, 0) * unit_price::decimal(18, 2) * (1 - discount::decimal(4, 2)), 2)"""
    )
    assert odd == []


def test_direct_splits_add_up_to_one(sample):
    sums = sample.all(
        "select distinct sum(share::decimal(4, 2)) from split where credit_type = 'direct' group by opportunity_id"
    )
    assert [float(s) for (s,) in sums] == [1.0]
    assert sample.one("select count(*) from split where credit_type = 'overlay'")[0] > 100


@pytest.mark.parametrize(
    ("field", "column"),
    [("stage", "stage"), ("amount", "amount"), ("close_date", "close_date"), ("owner_id", "owner_id"),
     ("forecast_category", "forecast_category")],
)  # fmt: skip
def test_history_ends_where_the_deal_stands(sample, field, column):
    copies = ", ".join(f"'{k}'" for k in sample.known("unreadable_value"))
    odd = sample.all(
        f"""select o.opportunity_id from opportunity o left join (
              select opportunity_id, arg_max(coalesce(new_value, ''), changed_at) as last from opportunity_change
              where field = '{field}' group by 1) c using (opportunity_id)
            where coalesce(o.{column}, '') is distinct from coalesce(c.last, '')
              and o.opportunity_id not in ({copies})"""
    )
    assert odd == []


def test_each_change_begins_where_the_one_before_ended(sample):
    odd = sample.all(
        """select * from (
             select old_value, lag(new_value) over (partition by opportunity_id, field order by changed_at) as before,
                    row_number() over (partition by opportunity_id, field order by changed_at) as nth
             from opportunity_change)
           where nth > 1 and old_value is distinct from before"""
    )
    assert odd == []


def test_nothing_changes_before_creation_or_after_closing(sample):
    early = sample.all(
        """select distinct o.opportunity_id from opportunity_change c join deal o using (opportunity_id)
           where c.changed_at < o.created_at"""
    )
    assert {k for (k,) in early} == sample.known("negative_cycle")
    late = sample.all(
        """select distinct o.opportunity_id from opportunity_change c join deal o using (opportunity_id)
           where c.changed_at > o.closed_at"""
    )
    assert {k for (k,) in late} <= sample.known("won_amount_zero") | sample.known("unknown_reference", "owner_id")


def test_touches_of_a_converted_lead_come_in_time_and_from_both_functions(sample):
    lead = sample.one(
        """select avg(n), avg((marketing > 0)::int), avg((sales > 0)::int), min(first >= born)
           from (select l.lead_id, l.created_at::timestamp - interval 1 second as born, count(t.touch_id) as n,
                   count(*) filter (t.function = 'marketing') as marketing,
                   count(*) filter (t.function = 'sales') as sales, min(t.occurred_at::timestamp) as first
                 from lead l join touch t using (lead_id)
                 where l.converted_at is not null and l.created_at >= '2023-07-01' group by all)"""
    )
    assert 5 < lead[0] < 12
    assert lead[1] > 0.8
    assert lead[2] > 0.98
    assert lead[3] is True


def test_a_lead_moves_forward_only(sample):
    planted = sample.known("lead_dates_out_of_order")
    odd = sample.all(
        """select lead_id from lead where mql_at < created_at or sal_at < mql_at or sql_at < sal_at
             or converted_at < sql_at or assigned_at < mql_at or first_touch_at < assigned_at
             or (sal_at is not null and mql_at is null) or (converted_at is not null and opportunity_id is null)"""
    )
    assert {k for (k,) in odd} == planted


def test_a_lead_and_its_deal_agree(sample):
    odd = sample.all(
        """select l.lead_id from lead l join deal o using (opportunity_id)
           where l.converted_at <> o.created_at or l.source_function <> o.source_function"""
    )
    hidden = sample.all("select lead_id from lead join deal o using (opportunity_id) where o.ended < o.born")
    assert {k for (k,) in odd} <= {k for (k,) in hidden}


def test_the_accepted_revision_offers_the_lines_of_the_deal(sample):
    """A net price is a whole cent; the line's amount is rounded once."""
    odd = sample.one(
        """select count(*) filter (q.cents is distinct from l.cents), count(*) from (
             select q.opportunity_id, sum(n.quantity::int * (n.net_price::decimal(18, 2) * 100)::bigint) as cents
             from quote q join quote_line n using (quote_id, revision) where q.status = 'accepted' group by all) q
           join (
             select opportunity_id, sum(quantity::int * ((unit_price::decimal(18, 2) * 100)::bigint
               * (100 - (discount::decimal(4, 2) * 100)::int) // 100)) as cents
             from (select distinct * from opportunity_line) group by all) l using (opportunity_id)"""
    )
    assert odd[0] == 0
    assert odd[1] > 4_000


def test_quotes_are_made_sent_and_accepted_in_order(sample):
    assert sample.all("select * from quote where sent_at < created_at or accepted_at < sent_at") == []
    late = "select * from quote q join deal o using (opportunity_id) where o.is_closed and q.accepted_at > o.closed_at"
    assert sample.all(late) == []


def test_invoices_of_a_contract_add_up_to_at_most_its_value(sample):
    odd = sample.all(
        """select k.contract_id from contract k join invoice i using (opportunity_id)
           where try_cast(i.amount as decimal(18, 2)) is not null and i.invoice_id not like 'I9%'
           group by k.contract_id, k.value having sum(try_cast(i.amount as decimal(18, 2))) > k.value::decimal(18, 2)"""
    )
    assert odd == []
