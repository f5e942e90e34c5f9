"""Whether many accounts get their pace at once: `python -m bench.pacing_many`.

50 account-regions, each with 30 creations approved, before one worker (two processes) and beat begin. The buckets are
half of AWS's (two tokens, then one in 6.7 s), so that they and not a small machine's processor are the bound: at AWS's
own rate 50 account-regions together make 15 creations a second. The figure is the worst account-region's time until its
last call, to its own bound of (30 - 2) / 0.15 seconds. All begin at once, and the hundred first calls take a small
machine some seconds; a bucket that was full until then has lost them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bench import stage

REGIONS = 50
EACH = 30
SCALE = 0.5


def main() -> None:
    """Measure and print."""
    with stage.portal():
        from bench import creating

        limit = creating.bound(EACH, SCALE)
        with stage.simulated_aws(SCALE) as (control, url):
            worlds = [creating.world(control, url, f"7{number:011d}") for number in range(REGIONS)]
            asked = [creating.ask(world, EACH) for world in worlds]
            for item in asked:
                item.approve()
            with stage.workers():
                started = datetime.now(UTC).timestamp()
                stage.until_quiet(limit * 3)
            calls = control.calls()
        made = [creating.made_in(calls, item.account_id) for item in asked]
        if {item.done for item in made} != {EACH}:
            raise RuntimeError(f"{sorted(item.done for item in made)} creations, not {EACH} each")
    ratios = sorted((item.last_at - started) / limit for item in made)
    stage.show("many_regions_worst_elapsed_to_bound", ratios[-1], "ratio", floor=1, median=ratios[len(ratios) // 2])
    stage.show(
        "many_regions_throttled",
        sum(item.throttled for item in made) / sum(item.done + item.throttled for item in made),
        "share of calls",
        floor=0,
    )


if __name__ == "__main__":
    main()
