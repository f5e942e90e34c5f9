"""What an endpoint may be given beside its place: addresses, DNS options, tags. For new ones and for changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from endpoints.domain.specs import (
    DNS_RECORD_IP_TYPES,
    IP_ADDRESS_TYPES,
    EndpointSpec,
    EndpointType,
    SubnetConfiguration,
)
from endpoints.services.choices import Choices, Subnet

ADDRESS = "ipv4_"
"""How the field of a fixed address begins; the subnet's id follows."""
SWITCHES = ("private_dns_only_for_inbound_resolver_endpoint", "private_dns_when_available")
ADVANCED = ("ip_address_type", "dns_record_ip_type", *SWITCHES)
LEFT_TO_AWS = ("", "AWS decides")
_SWITCHED_OFF = ("", "False", "false", "off")
MAX_TAG_TEXT = 20_000


class OptionFields(forms.Form):
    """The options of an endpoint and its tags; `offer_addresses` adds a field for each subnet's fixed address."""

    offered: Choices

    ip_address_type = forms.ChoiceField(
        label="IP address type",
        required=False,
        choices=[LEFT_TO_AWS, *((item, item) for item in IP_ADDRESS_TYPES)],
        help_text="dualstack takes subnets with both ranges, ipv6 those of IPv6 alone.",
    )
    dns_record_ip_type = forms.ChoiceField(
        label="DNS record type",
        required=False,
        choices=[LEFT_TO_AWS, *((item, item) for item in DNS_RECORD_IP_TYPES)],
        help_text="Which records the endpoint's names have: A, AAAA or both. AAAA needs dualstack or ipv6 above.",
    )
    private_dns_only_for_inbound_resolver_endpoint = forms.BooleanField(
        label="Only for inbound resolver endpoints",
        required=False,
        help_text="Clients in the VPC keep using S3's Gateway endpoint; only names asked from outside lead here.",
    )
    private_dns_when_available = forms.BooleanField(
        label="Only when the endpoint is available",
        required=False,
        help_text="In a second step, so that the service's name never leads to what doesn't answer yet.",
    )
    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=MAX_TAG_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono tags-field"}),
        help_text="One key=value in a line. Optional.",
    )

    def offer_addresses(self, subnets: Iterable[Subnet]) -> None:
        """Add the field of each subnet's fixed address."""
        for item in subnets:
            self.fields[ADDRESS + item.aws_id] = forms.GenericIPAddressField(
                label=f"Fixed address in {item.name or item.aws_id}",
                protocol="IPv4",
                required=False,
                widget=forms.TextInput(
                    attrs={"class": "form-control form-control-sm mono", "placeholder": "AWS chooses"}
                ),
            )

    def zones(self) -> list[tuple[str, list[tuple[Subnet, forms.BoundField | None]]]]:
        """Return the offered subnets by zone, each with the field of its fixed address, if it can have one."""
        return [
            (
                zone,
                [(item, self[ADDRESS + item.aws_id] if ADDRESS + item.aws_id in self.fields else None) for item in it],
            )
            for zone, it in self.offered.by_zone()
        ]

    def addresses(self) -> list[forms.BoundField]:
        """Return the fields of fixed addresses."""
        return [field for field in self if field.name.startswith(ADDRESS)]

    @property
    def advanced_open(self) -> bool:
        """Tell whether an advanced field has an error, or anything is chosen there."""
        names = [name for name in ADVANCED if name in self.fields] + [field.name for field in self.addresses()]
        return any(name in self.errors or self[name].value() not in (None, "", False, "False") for name in names)

    def clean_tags(self) -> tuple[tuple[str, str], ...]:
        """Return the tags, sorted. Raises ValidationError that names the line."""
        found = []
        for number, line in enumerate(self.cleaned_data["tags"].splitlines(), start=1):
            key, equals, value = line.partition("=")
            if not line.strip():
                continue
            if not equals or not key.strip():
                raise ValidationError(f"Line {number}: write it as key=value.")
            found.append((key.strip(), value.strip()))
        return tuple(sorted(found))

    def place_and_options(self, kind: EndpointType, former: EndpointSpec | None = None) -> dict[str, Any]:
        """Return the spec's fields that a type takes; what belongs to another type is left out.

        `former` is the spec that is changed: lists keep its order, and private DNS that is on stays as it came on.
        """
        values = self.cleaned_data
        if kind is EndpointType.GATEWAY:
            return {"route_table_ids": _in_order(values["route_table_ids"], former.route_table_ids if former else ())}
        subnets = _in_order(values["subnet_ids"], former.subnet_ids if former else ())
        if kind is EndpointType.GATEWAY_LOAD_BALANCER:
            return {"subnet_ids": subnets, "ip_address_type": values["ip_address_type"]}
        private_dns = values["private_dns_enabled"]
        came_on = former is not None and former.private_dns_enabled
        when_available = former.private_dns_when_available if former and came_on else values[SWITCHES[1]]
        return {
            "subnet_ids": subnets,
            "security_group_ids": _in_order(values["security_group_ids"], former.security_group_ids if former else ()),
            "private_dns_enabled": private_dns,
            "private_dns_when_available": private_dns and when_available,
            "private_dns_only_for_inbound_resolver_endpoint": private_dns
            and values["private_dns_only_for_inbound_resolver_endpoint"],
            "ip_address_type": values["ip_address_type"],
            "dns_record_ip_type": values["dns_record_ip_type"],
            "subnet_configurations": self._fixed(subnets, former.fixed_addresses if former else {}),
        }

    def _fixed(self, subnets: Iterable[str], former: Mapping[str, str]) -> tuple[SubnetConfiguration, ...]:
        chosen = list(subnets)
        typed = {
            name.removeprefix(ADDRESS): text
            for name, text in self.cleaned_data.items()
            if name.startswith(ADDRESS) and text
        }
        for subnet_id, text in typed.items():
            if subnet_id not in chosen and former.get(subnet_id) != text:
                self.add_error(ADDRESS + subnet_id, "Choose this subnet, too, or clear the address.")
        order = [*(item for item in former if item in chosen), *(item for item in chosen if item not in former)]
        return tuple(SubnetConfiguration(subnet_id=item, ipv4=typed[item]) for item in order if item in typed)


def _in_order(chosen: Iterable[str], had: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids in the order that they had, new ones last: the same choice must make the same spec."""
    now = list(chosen)
    return (*(item for item in had if item in now), *(item for item in now if item not in had))


def option_values(spec: EndpointSpec) -> dict[str, Any]:
    """Return the option fields' values for a spec."""
    return {
        **{name: getattr(spec, name) for name in ADVANCED},
        **{ADDRESS + subnet_id: text for subnet_id, text in spec.fixed_addresses.items()},
        "tags": "\n".join(f"{key}={value}" for key, value in spec.tags),
    }


def is_on(text: str) -> bool:
    """Tell whether a switch, as a form sends it, is on."""
    return text not in _SWITCHED_OFF
