"""What simple engines get wrong about variables and conditions. The numbers are those of the list of facts."""

from __future__ import annotations

import pytest

from tests.unit.policy.asking import NEW, OLD, SESSION, USER, allow, deny, effect, holds, policy, request, rules, text

HOME = "arn:aws:s3:::bucket/${aws:username}/*"


@pytest.mark.parametrize("version", [None, OLD])
def test_01_without_the_new_version_variables_are_literal_text(version: str | None) -> None:
    made = policy(allow(Resource=HOME), version=version)
    assert effect(made, request(resource="arn:aws:s3:::bucket/bob/x")) is None
    assert effect(made, request(resource="arn:aws:s3:::bucket/${aws:username}/x")) == "Allow"
    assert effect(policy(allow(Resource=HOME)), request(resource="arn:aws:s3:::bucket/bob/x")) == "Allow"
    assert holds("StringEquals", "${aws:username}", version=version, x__key="${aws:username}")
    assert not holds("StringEquals", "${aws:username}", version=NEW, x__key="${aws:username}")


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike"])
def test_02_an_absent_variable_makes_positive_operators_false(operator: str) -> None:
    assert not holds(operator, "${aws:PrincipalTag/team}", x__key="")
    assert not holds(operator, "${aws:PrincipalTag/team}", x__key="${aws:PrincipalTag/team}")
    if operator != "ArnLike":
        assert holds(operator, ["${aws:PrincipalTag/team}", "b"], x__key="b")


@pytest.mark.parametrize("operator", ["StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase", "ArnNotLike"])
def test_03_an_absent_variable_makes_negated_operators_true(operator: str) -> None:
    assert holds(operator, "${aws:PrincipalTag/team}", x__key="anything")


def test_04_an_absent_variable_in_a_resource_makes_that_entry_match_nothing() -> None:
    plain = "arn:aws:s3:::bucket/shared/*"
    made = policy(allow(Resource=[HOME, plain]))
    session = request(SESSION, resource="arn:aws:s3:::bucket//x")
    assert effect(made, session) is None
    assert effect(made, request(SESSION, resource="arn:aws:s3:::bucket/shared/x")) == "Allow"
    negated = policy(allow(NotResource=[HOME, plain]))
    assert effect(negated, session) == "Allow"
    assert effect(negated, request(SESSION, resource="arn:aws:s3:::bucket/shared/x")) is None


def test_05_a_default_stands_in_for_an_absent_variable() -> None:
    resource = "arn:aws:s3:::${aws:PrincipalTag/team, 'common'}/*"
    made = policy(allow(Resource=resource))
    assert effect(made, request(resource="arn:aws:s3:::common/x")) == "Allow"
    tagged = {"aws__PrincipalTag/team": "blue"}
    assert effect(made, request(resource="arn:aws:s3:::blue/x", **tagged)) == "Allow"
    assert effect(made, request(resource="arn:aws:s3:::common/x", **tagged)) is None
    assert not holds("StringEquals", "${a:b, common}", x__key="common")


@pytest.mark.parametrize("character", ["*", "?", "$"])
def test_06_escaped_characters_are_themselves(character: str) -> None:
    value = "a${" + character + "}b"
    for operator in ("StringLike", "StringEquals"):
        assert holds(operator, value, x__key=f"a{character}b")
        assert not holds(operator, value, x__key="axb")
    made = policy(allow(Resource="arn:aws:s3:::bucket/" + value))
    assert effect(made, request(resource=f"arn:aws:s3:::bucket/a{character}b")) == "Allow"
    assert effect(made, request(resource="arn:aws:s3:::bucket/axb")) is None


@pytest.mark.parametrize("name", ["*", "b?b", "bo*"])
def test_07_wildcards_inside_a_substituted_value_are_literal(name: str) -> None:
    asked = {"aws__username": name}
    made = policy(allow(Resource=HOME))
    assert effect(made, request(resource="arn:aws:s3:::bucket/bob/x", **asked)) is None
    assert effect(made, request(resource=f"arn:aws:s3:::bucket/{name}/x", **asked)) == "Allow"
    assert not holds("StringLike", "${aws:username}", x__key="bob", **asked)
    assert not holds("StringLike", "${n:one, 'b*'}", x__key="bob")
    assert not holds("ArnLike", "arn:aws:s3:::${aws:username}", x__key="arn:aws:s3:::bob", **asked)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "5"),
        ("NumericLessThan", "4"),
        ("DateEquals", "2026-01-01T00:00:00Z"),
        ("BinaryEquals", "QQ=="),
        ("IpAddress", "10.0.0.1"),
        ("Null", "false"),
    ],
)
def test_08_these_operators_take_no_variables(operator: str, value: str) -> None:
    asked = {"x__key": "5" if operator == "NumericLessThan" else value, "x__other": value}
    assert not holds(operator, "${x:other}", **asked)
    assert not holds(operator, ["${x:other}"], **asked)
    assert "condition-variable" in rules(text(allow(Condition={operator: {"x:key": "${x:other}"}})))


POSITIVE = [
    ("StringEquals", "a"),
    ("StringEqualsIgnoreCase", "a"),
    ("StringLike", "*"),
    ("NumericEquals", "1"),
    ("NumericLessThan", "1"),
    ("NumericLessThanEquals", "1"),
    ("NumericGreaterThan", "1"),
    ("NumericGreaterThanEquals", "1"),
    ("DateEquals", "2026-01-01"),
    ("DateLessThan", "2026-01-01"),
    ("DateLessThanEquals", "2026-01-01"),
    ("DateGreaterThan", "2026-01-01"),
    ("DateGreaterThanEquals", "2026-01-01"),
    ("Bool", "false"),
    ("BinaryEquals", "QQ=="),
    ("IpAddress", "0.0.0.0/0"),
    ("ArnEquals", "arn:aws:s3:::a"),
    ("ArnLike", "arn:aws:s3:::*"),
]
NEGATED = [
    ("StringNotEquals", "a"),
    ("StringNotEqualsIgnoreCase", "a"),
    ("StringNotLike", "*"),
    ("NumericNotEquals", "1"),
    ("DateNotEquals", "2026-01-01"),
    ("NotIpAddress", "0.0.0.0/0"),
    ("ArnNotEquals", "arn:aws:s3:::a"),
    ("ArnNotLike", "arn:aws:s3:::*"),
]


@pytest.mark.parametrize(("operator", "value"), POSITIVE)
def test_09_an_absent_key_makes_a_positive_operator_false(operator: str, value: str) -> None:
    assert not holds(operator, value)


@pytest.mark.parametrize(("operator", "value"), NEGATED)
def test_09_an_absent_key_makes_a_negated_operator_true(operator: str, value: str) -> None:
    assert holds(operator, value)


@pytest.mark.parametrize(("operator", "value"), POSITIVE + NEGATED)
def test_10_if_exists_is_true_on_an_absent_key(operator: str, value: str) -> None:
    assert holds(operator + "IfExists", value)
    wrong = {"x__key": "::1" if "Ip" in operator else "zzz"}
    assert holds(operator + "IfExists", value, **wrong) == holds(operator, value, **wrong)


def test_10_null_if_exists_is_no_operator() -> None:
    assert not holds("NullIfExists", "true")
    assert not holds("NullIfExists", "false", x__key="a")
    assert "operator-unknown" in rules(text(allow(Condition={"NullIfExists": {"x:key": "true"}})))


def test_11_a_deny_with_not_equals_if_exists_denies_without_the_key() -> None:
    made = policy(allow(), deny(Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}))
    assert effect(made, request()) == "Deny"
    assert effect(made, request(aws__PrincipalOrgID="o-2")) == "Deny"
    assert effect(made, request(aws__PrincipalOrgID="o-1")) == "Allow"


def test_12_of_several_values_one_must_match_and_none_if_negated() -> None:
    assert holds("StringEquals", ["a", "b"], x__key="b")
    assert not holds("StringEquals", ["a", "b"], x__key="c")
    assert holds("StringNotEquals", ["a", "b"], x__key="c")
    assert not holds("StringNotEquals", ["a", "b"], x__key="b")
    assert holds("NumericLessThan", ["1", "10"], x__key="5")
    assert not holds("NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], x__key="192.168.1.1")


def test_13_all_keys_and_all_operators_must_hold() -> None:
    made = policy(allow(Condition={"StringEquals": {"x:a": "1", "x:b": "2"}, "Bool": {"x:c": "true"}}))
    assert effect(made, request(x__a="1", x__b="2", x__c="true")) == "Allow"
    for wrong in ({"x__a": "0"}, {"x__b": "0"}, {"x__c": "false"}):
        assert effect(made, request(**{"x__a": "1", "x__b": "2", "x__c": "true", **wrong})) is None


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringNotEquals"])
def test_14_for_all_values_is_true_without_data(operator: str) -> None:
    for data in ({}, {"x__key": ()}, {"x__key": ""}, {"x__key": ("",)}):
        assert holds(f"ForAllValues:{operator}", "a", **data)


def test_14_for_all_values_wants_each_value_among_those_of_the_policy() -> None:
    assert holds("ForAllValues:StringEquals", ["a", "b"], x__key=("a", "b"))
    assert holds("ForAllValues:StringEquals", ["a", "b"], x__key="a")
    assert not holds("ForAllValues:StringEquals", ["a", "b"], x__key=("a", "c"))
    assert not holds("ForAllValues:StringNotEquals", ["a", "b"], x__key=("a", "c"))
    assert holds("ForAllValues:StringNotEquals", ["a", "b"], x__key=("d", "c"))


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringLike", "ArnNotLike"])
def test_15_for_any_value_is_false_without_data(operator: str) -> None:
    assert not holds(f"ForAnyValue:{operator}", "arn:aws:s3:::a")
    assert not holds(f"ForAnyValue:{operator}", "arn:aws:s3:::a", x__key=())


def test_16_for_any_value_negated_wants_a_value_that_matches_none() -> None:
    assert holds("ForAnyValue:StringNotEquals", ["a", "b"], x__key=("a", "c"))
    assert not holds("ForAnyValue:StringNotEquals", ["a", "b"], x__key=("a", "b"))
    assert holds("ForAnyValue:StringEquals", ["a", "b"], x__key=("z", "b"))
    assert not holds("ForAnyValue:StringEquals", ["a", "b"], x__key=("z", "y"))


@pytest.mark.parametrize("data", [{}, {"x__key": "a"}, {"x__key": ("b", "a")}, {"x__key": ""}])
@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals"])
@pytest.mark.parametrize("several", ["ForAllValues", "ForAnyValue"])
def test_17_if_exists_after_a_set_operator_changes_nothing(several: str, operator: str, data: dict[str, str]) -> None:
    plain = holds(f"{several}:{operator}", "a", **data)
    assert holds(f"{several}:{operator}IfExists", "a", **data) == plain


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists"])
def test_18_a_list_of_values_needs_a_set_operator(operator: str) -> None:
    assert not holds(operator, ["a", "c"], x__key=("a", "b"))
    assert not holds(operator, ["z"], x__key=("a", "b"))


def test_19_null_true_means_absent() -> None:
    assert holds("Null", "true")
    assert not holds("Null", "true", x__key="")
    assert holds("Null", "false", x__key=("a", "b"))
    assert not holds("Null", False)
    assert holds("Null", ["true", "false"])


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike"])
def test_20_arn_equals_behaves_as_arn_like(operator: str) -> None:
    role = "arn:aws:iam::111122223333:role/team/app"
    for pattern, match in (
        ("arn:aws:iam::*:role/team/*", True),
        ("arn:*:iam::111122223333:role/*/app", True),
        ("arn:aws:iam::11112222333?:role/*", True),
        ("arn:aws:iam::111122223333:user/*", False),
        ("arn:aws:iam:*:role/*", False),
    ):
        assert holds(operator, pattern, x__key=role) is match
        negated = operator.replace("Arn", "ArnNot")
        if pattern.count(":") >= 5:
            assert holds(negated, pattern, x__key=role) is not match


def test_21_arn_like_matches_field_by_field_where_string_like_does_not() -> None:
    pattern = "arn:aws:sns:*:111122223333:finance/*"
    good = "arn:aws:sns:eu-west-1:111122223333:finance/a"
    extra = "arn:aws:sns:eu-west-1:x:111122223333:finance/a"
    assert holds("ArnLike", pattern, x__key=good)
    assert holds("StringLike", pattern, x__key=good)
    assert not holds("ArnLike", pattern, x__key=extra)
    assert holds("StringLike", pattern, x__key=extra)
    assert not holds("ArnLike", pattern, x__key="no ARN")
    assert holds("ArnNotLike", pattern, x__key=extra)


def test_22_string_equals_takes_a_star_literally() -> None:
    assert not holds("StringEquals", "a*", x__key="ab")
    assert holds("StringEquals", "a*", x__key="a*")
    assert holds("StringNotEquals", "*", x__key="a")
    assert holds("StringLike", "a*", x__key="ab")


def test_23_a_bare_address_is_a_range_of_one() -> None:
    assert holds("IpAddress", "10.0.0.1", x__key="10.0.0.1")
    assert not holds("IpAddress", "10.0.0.1", x__key="10.0.0.2")
    assert holds("IpAddress", "2001:db8::1", x__key="2001:db8::1")
    assert not holds("IpAddress", "2001:db8::1", x__key="2001:db8::2")


def test_24_the_two_kinds_of_address_never_match_each_other() -> None:
    assert not holds("IpAddress", "0.0.0.0/0", x__key="2001:db8::1")
    assert not holds("IpAddress", "::/0", x__key="10.0.0.1")
    assert holds("NotIpAddress", "::/0", x__key="10.0.0.1")
    assert not holds("IpAddress", "10.0.0.1", x__key="::ffff:10.0.0.1")
    assert holds("IpAddress", "2001:DB8:0:0::1/128", x__key="2001:db8::0001")
    assert holds("IpAddress", "2001:db8::/32", x__key="2001:0db8:0001::")


def test_25_dates_compare_as_instants() -> None:
    assert holds("DateEquals", "2026-01-31T12:00:00Z", x__key="2026-01-31T13:00:00+01:00")
    assert holds("DateEquals", "2026-01-31T12:00:00Z", x__key="1769860800")
    assert holds("DateEquals", 1769860800, x__key="2026-01-31T12:00:00.000Z")
    assert holds("DateLessThan", "2026-02-01", x__key="2026-01-31T23:59:59Z")
    assert not holds("DateLessThan", "2026-02-01", x__key="2026-02-01T00:00:00Z")
    assert holds("DateGreaterThanEquals", "2026-02", x__key="2026-02-01T00:00:00Z")
    assert not holds("DateGreaterThan", "2026-02-01T00:30:00+01:00", x__key="2026-01-31T23:30:00Z")


def test_26_key_names_ignore_letter_case_and_values_do_as_the_operator_says() -> None:
    made = policy(allow(Condition={"StringEquals": {"AWS:principalORGid": "o-1"}}))
    assert effect(made, request(aws__PrincipalOrgID="o-1")) == "Allow"
    assert effect(made, request(aws__PrincipalOrgID="O-1")) is None
    assert holds("StringEqualsIgnoreCase", "Abc", x__key="aBC")
    assert not holds("StringNotEqualsIgnoreCase", "Abc", x__key="aBC")
    assert not holds("StringLike", "Ab*", x__key="abc")
    assert holds("Bool", "TRUE", x__key="true")
    tagged = policy(allow(Resource="arn:aws:s3:::bucket/${AWS:UserName}/*"))
    assert effect(tagged, request(USER, resource="arn:aws:s3:::bucket/bob/x")) == "Allow"


def test_27_booleans_and_numbers_are_values() -> None:
    assert holds("Bool", True, x__key="true")
    assert holds("Bool", "true", x__key=True)
    assert not holds("Bool", False, x__key="true")
    assert holds("NumericEquals", 5, x__key="5.0")
    assert holds("NumericLessThanEquals", "10", x__key=9.5)
    assert holds("StringEquals", 443, x__key="443")
    blocks = rules(text(allow(Condition={"Bool": {"aws:SecureTransport": True}, "NumericEquals": {"s3:max-keys": 5}})))
    assert "condition-value" not in blocks
