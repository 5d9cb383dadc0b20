"""The company is believable, and the stories a demo shows can be found in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from geartrain.intelligence.goals import Goals
from geartrain.kernel.periods import FiscalCalendar
from geartrain.sample import goals, goals_policy


def test_it_is_modest(sample):
    rows = sample.summary.rows
    size = sum(f.stat().st_size for f in sample.summary.folder.iterdir())
    assert 10_000 <= rows["opportunity"] <= 15_000
    assert 25_000 <= rows["lead"] <= 35_000
    assert rows["opportunity_change"] >= 150_000
    assert size < 60_000_000


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("new", 0.2, 0.32), ("expansion", 0.32, 0.5), ("renewal", 0.75, 0.9)]
)
def test_win_rates(sample, kind, low, high):
    (rate,) = sample.one(f"select avg(is_won::int) from deal where is_closed and type = '{kind}'")
    assert low < rate < high


def test_cycles_and_amounts_grow_with_the_segment(sample):
    rows = sample.all(
        """select a.segment,
             median(date_diff('day', born, ended)), median(usd) from deal join account a using (account_id)
           where is_won and deal.type = 'new' and ended > born and a.segment is not null group by 1"""
    )
    cycle, amount = ({s: r[n] for s, *r in rows} for n in (0, 1))
    assert 20 < cycle["smb"] < cycle["mid_market"] < cycle["enterprise"] < 160
    assert 5_000 < amount["smb"] < amount["mid_market"] < amount["enterprise"] < 150_000


def test_attainment_spreads_around_the_quota(sample):
    rows = sample.all(
        """select q.amount::double, coalesce(sum(usd), 0) / q.amount::double as attained, u.region
           from quota q join "user" u using (user_id)
           left join deal o on o.owner_id = q.user_id and is_won and ended >= q.period_start::date
             and ended < q.period_end::date
           where q.period_end <= '2026-07-01' group by q.user_id, q.period_start, q.amount, u.region"""
    )
    attained = sorted(a for _, a, _ in rows)
    median = attained[len(attained) // 2]
    assert 0.9 < median < 1.1
    assert 0.42 < sum(a >= 1 for a in attained) / len(attained) < 0.65
    assert sum(a >= 0.5 for a in attained) / len(attained) > 0.75
    europe = sorted(a for _, a, r in rows if r == "Europe")
    assert europe[len(europe) // 2] < median - 0.15  # one region is behind, on the same quotas


def test_bookings_peak_as_quarters_end_and_grow(sample):
    rows = dict(
        sample.all("select strftime(ended, '%Y-%m'), sum(usd::decimal(18, 2)) from deal where is_won group by 1")
    )
    by_place = [sum(v for k, v in rows.items() if k < "2026-07" and int(k[5:]) % 3 == place) for place in (1, 2, 0)]
    assert by_place[2] > Decimal("1.3") * max(by_place[:2])
    year = {y: sum(v for k, v in rows.items() if k[:4] == y) for y in ("2024", "2025")}
    assert Decimal("1.1") < year["2025"] / year["2024"] < Decimal("1.45")


def test_selling_costs_a_third_of_what_it_books(sample):
    selling = "function in ('sales', 'marketing') and period_end <= '2026-07-01'"
    (cost,) = sample.one(f"select sum(amount::double) from cost where {selling}")
    (booked,) = sample.one("select sum(usd)::double from deal where is_won and ended < '2026-07-01'")
    assert 0.3 < cost / booked < 0.45


def test_marketing_brings_a_third_of_the_new_logos(sample):
    (share,) = sample.one(
        """select avg((source_function = 'marketing')::int) from (
             select o.*, row_number() over (partition by account_id order by ended) as nth
             from deal o join account a using (account_id) where is_won and a.first_won_at >= '2023-07-01')
           where nth = 1"""
    )
    assert 0.28 < share < 0.42


def test_deals_get_stuck_in_proposal(sample):
    rows = dict(
        sample.all(
            """select stage, median(days) from (
                 select new_value as stage, date_diff('hour', changed_at::timestamp, lead(changed_at::timestamp) over (
                   partition by opportunity_id order by changed_at)) / 24 as days
                 from opportunity_change where field = 'stage') where stage not like 'Closed%' group by 1"""
        )
    )
    assert max(rows, key=rows.get) == "Proposal"
    assert rows["Proposal"] > 1.5 * sorted(rows.values())[-2]


def test_one_team_has_little_selling_time(sample):
    rows = dict(
        sample.all(
            """select u.team, sum(hours::double) filter (category like 'Customer%') / sum(hours::double)
               from time_entry join "user" u using (user_id) where u.role = 'account_executive' group by 1"""
        )
    )
    behind = min(rows, key=rows.get)
    assert behind == "West Mid-Market"
    assert rows[behind] < 0.26
    assert all(0.3 < share < 0.42 for team, share in rows.items() if team != behind)


def test_sales_answers_faster_every_year(sample):
    hours = [
        h
        for _, h in sample.all(
            """select year(mql_at::timestamp), median(date_diff('minute', mql_at::timestamp, first_touch_at::timestamp))
               from lead where first_touch_at is not null and mql_at >= '2023-07-01' group by 1 order by 1"""
        )
    ]
    assert hours == sorted(hours, reverse=True)


def test_the_running_quarter_has_about_three_times_cover(sample):
    still = "not is_closed and close_date between '2026-09-09' and '2026-09-30'"
    (due,) = sample.one(f"select sum(usd)::double from deal where {still}")
    (booked,) = sample.one("select sum(usd)::double from deal where is_won and ended >= '2026-07-01'")
    (quota,) = sample.one("select sum(amount::double) from quota where period_start = '2026-07-01'")
    assert 2 < due / (quota - booked) < 5


def test_goals_are_a_policy_near_what_is_booked(sample):
    from ruamel.yaml import YAML

    policy = YAML(typ="safe").load(goals_policy())
    stated = Goals.model_validate(policy["spec"]).by_period(FiscalCalendar())
    assert {g.amount for g in stated if g.metric == "bookings"} == set(goals().values())
    for year in ("2024", "2025"):
        wanted = sum(v for k, v in goals().items() if k.startswith(year))
        (booked,) = sample.one(f"select sum(usd::decimal(18, 2)) from deal where is_won and year(ended) = {year}")
        assert Decimal("0.9") < booked / wanted < Decimal("1.1")


def test_changes_of_hands_leave_no_open_deal_with_a_leaver_but_eve(sample):
    rows = sample.all(
        """select distinct u.name from deal join "user" u on u.user_id = owner_id
           where not is_closed and u.is_active = 'false'"""
    )
    assert [name.split()[0] for (name,) in rows] == ["Eve"]
