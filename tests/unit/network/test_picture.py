"""The picture of a path: bounded, within its frame, its lines beside the boxes, and the same as a table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from endpoints.network.picture import PER_ZONE, ZONES, Picture, Shape, draw
from endpoints.network.reachability import reach, source_of
from tests.unit.network.packets import World
from tests.unit.network.vpc import APP, good, main_routes, snapshot
from tests.unit.network.worlds import S3, SERVICE, snapshot_of, world_of


def picture_of(world: World, source: str, service: str = SERVICE) -> Picture:
    found = snapshot(world, service)
    return draw(found, reach(found, source_of(found, source), service), service_name=service)


def lines(picture: Picture) -> list[list[tuple[int, int]]]:
    found = [shape.points for shape in picture.shapes if shape.kind == "line"]
    return [[(int(pair.split(",")[0]), int(pair.split(",")[1])) for pair in points.split()] for points in found]


def crosses(line: list[tuple[int, int]], box: Shape) -> bool:
    """Tell whether a line goes through the inside of a box."""
    for (x1, y1), (x2, y2) in pairwise(line):
        left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        if left < box.x + box.width and right > box.x and top < box.y + box.height and bottom > box.y:
            return True
    return False


def test_the_path_leads_from_the_source_through_the_endpoint_to_the_service() -> None:
    picture = picture_of(good(), "eni-app")
    assert picture.gateways == ("Interface endpoint: vpce-sqs",)
    assert {row.on_path for row in picture.rows} == {"Traffic starts here", "On the way", ""}
    assert ("10.0.1.20 sqs",) in [row.interfaces for row in picture.rows]
    assert {shape.look for shape in picture.shapes if shape.kind == "line"} == {"way private"}
    assert "privately" in picture.description


def test_the_endpoint_on_the_path_is_drawn_before_many_others_and_the_table_has_them_all() -> None:
    world = good()
    subnet = world["interfaces"]["eni-sqs"]["subnet_id"]
    for number in range(7):
        name = f"com.amazonaws.x.s{number}"
        world["endpoints"][f"vpce-{number}"] = {**world["endpoints"]["vpce-sqs"], "service_name": name}
        world["interfaces"][f"eni-{number}"] = {
            **world["interfaces"]["eni-sqs"],
            "private_ip": f"10.0.1.1{number}",
            "vpc_endpoint_id": f"vpce-{number}",
        }
    picture = picture_of(world, "eni-app")
    texts = [shape.text for shape in picture.shapes if shape.kind == "text"]
    assert "10.0.1.20 sqs" in texts
    assert "and 4 more" in texts
    (row,) = [row for row in picture.rows if len(row.interfaces) > 1]
    assert row.interfaces[0] == "10.0.1.20 sqs"
    assert len(row.interfaces) == 8
    assert subnet in row.subnet


def test_a_broken_path_ends_before_the_service() -> None:
    world = good()
    main_routes(world)
    picture = picture_of(world, "eni-app", S3)
    assert [shape.text for shape in picture.shapes if shape.look == "stop"] == ["✕"]
    service = next(shape for shape in picture.shapes if shape.look.startswith("node service"))
    assert not any(end[1] >= service.y for line in lines(picture) for end in line)


@pytest.mark.parametrize("seed", range(40))
def test_everything_is_in_the_frame_and_no_line_crosses_a_box(seed: int) -> None:
    world = world_of(seed)
    for service in (SERVICE, S3):
        found = snapshot_of(world, service)
        for source in world["subnets"]:
            picture = draw(found, reach(found, source_of(found, source), service), service_name=service)
            boxes = [shape for shape in picture.shapes if shape.kind == "rect" and shape.look != "vpc"]
            assert all(box.x >= 0 and box.x + box.width <= picture.width for box in boxes)
            assert all(box.y >= 0 and box.y + box.height <= picture.height for box in boxes)
            for line in lines(picture):
                assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in line)
                assert not any(crosses(line, box) for box in boxes), (seed, source, service)


def test_what_is_many_is_grouped_and_stands_in_the_table() -> None:
    world = good()
    for number in range(100):
        zone = f"eu-west-1{'abcdefg'[number % 7]}"
        cidr = f"10.0.{number + 10}.0/24"
        world["subnets"][f"subnet-{number}"] = {"cidr_block": cidr, "availability_zone": zone}
    picture = picture_of(world, "eni-app")
    drawn = [shape for shape in picture.shapes if shape.look.startswith("subnet")]
    assert len(drawn) <= ZONES * PER_ZONE
    assert sum(shape.look == "subnet on-path" for shape in drawn) == 2
    assert len(picture.rows) == 103
    assert picture.more == f"{103 - len(drawn)} more subnets in the table"


def test_the_way_starts_in_the_sources_zone_however_many_zones_the_endpoint_has() -> None:
    world = good()
    for number, zone in enumerate("bcdef"):
        subnet_id, address = f"subnet-{zone}", f"10.0.{number + 10}."
        world["subnets"][subnet_id] = {"cidr_block": f"{address}0/24", "availability_zone": f"eu-west-1{zone}"}
        world["endpoints"]["vpce-sqs"]["subnet_ids"].append(subnet_id)
        interface = {**world["interfaces"]["eni-sqs"], "subnet_id": subnet_id, "private_ip": f"{address}20"}
        world["interfaces"][f"eni-{zone}"] = interface
    world["subnets"][APP]["availability_zone"] = "eu-west-1g"
    picture = picture_of(world, "eni-app")
    assert sum(shape.look == "zone" for shape in picture.shapes) == ZONES
    box = next(shape for shape in picture.shapes if shape.look == "subnet on-path" and shape.x == _column_of(picture))
    assert {line[0] for line in lines(picture)} >= {(box.x + box.width, box.y + 18)}


def _column_of(picture: Picture) -> int:
    """Return where the column of the source's zone begins."""
    return next(shape.x for shape in picture.shapes if (shape.look, shape.text) == ("zone", "eu-west-1g"))
