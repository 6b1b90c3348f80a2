"""The shipped catalogue of edges, for AWS, Azure and Google; `docs/quarantine.md` prints it.

Types are globs in the spelling of `domain.spelling`, so that one row is about both tools.
A row is here only where destroying the resource takes traffic away from what it connects and
destroys nothing else, and where creating it again from the same code brings that back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """Resources of `type` refer by one of `attributes` to what they connect.

    `connects` are globs over the types of that, and `effect` says what destroying one does.
    """

    type: str
    attributes: tuple[str, ...]
    connects: tuple[str, ...] = ("*",)
    effect: str = ""


_AWS_VM: Final = ("aws_instance", "aws_ec2_instance")
_AWS_TARGETS: Final = (*_AWS_VM, "aws_lambda_function", "aws_lb", "aws_alb",
                       "aws_lb_load_balancer", "aws_alb_load_balancer")  # fmt: skip
AWS_GROUPS: Final = ("aws_security_group", "aws_ec2_security_group")
_AZURE_CARD: Final = ("azurerm_network_interface", "azurerm_network_network_interface")
_AZURE_GROUPS: Final = ("azurerm_network_security_group", "azurerm_network_network_security_group")
_GOOGLE_VM: Final = ("google_compute_instance", "google_compute_instance_from_template")

EDGES: Final[tuple[Rule, ...]] = (
    Rule("aws_lb_target_group_attachment", ("target_id",), _AWS_TARGETS,
         "the target leaves its target group, which drains its connections"),
    Rule("aws_alb_target_group_attachment", ("target_id",), _AWS_TARGETS,
         "the target leaves its target group, which drains its connections"),
    Rule("aws_elb_attachment", ("instance",), _AWS_VM,
         "the instance leaves its classic load balancer"),
    Rule("aws_autoscaling_attachment", ("autoscaling_group_name",), ("aws_autoscaling_group",),
         "every instance of the group leaves the load balancer or target group"),
    Rule("aws_autoscaling_traffic_source_attachment", ("autoscaling_group_name",),
         ("aws_autoscaling_group",), "every instance of the group leaves the traffic source"),
    Rule("aws_*eip_association", ("instance_id",), _AWS_VM,
         "the public address leaves the instance and stays allocated"),
    Rule("azurerm_*network_interface_backend_address_pool_association", ("network_interface_id",),
         _AZURE_CARD, "the network interface leaves the pool of the load balancer"),
    Rule("azurerm_*network_interface_application_gateway_backend_address_pool_association",
         ("network_interface_id",), _AZURE_CARD,
         "the network interface leaves the pool of the application gateway"),
    Rule("azurerm_*network_interface_nat_rule_association", ("network_interface_id",),
         _AZURE_CARD, "the inbound rule forwards nothing to the network interface"),
    Rule("google_compute_instance_group_membership", ("instance",), _GOOGLE_VM,
         "the instance leaves the group, and every backend that uses the group"),
    Rule("google_compute_network_endpoint", ("instance",), _GOOGLE_VM,
         "the endpoint leaves its group"),
)  # fmt: skip
"""What connects a resource to its traffic."""

HOLDERS: Final[tuple[Rule, ...]] = (
    Rule("aws_instance", ("vpc_security_group_ids", "security_groups"), AWS_GROUPS),
    Rule("aws_ec2_instance", ("vpc_security_group_ids", "security_groups"), AWS_GROUPS),
    Rule("azurerm_*network_interface_security_group_association", ("network_security_group_id",),
         _AZURE_GROUPS),
)  # fmt: skip
"""What is isolated in place of a group of rules, which nothing connects: whoever holds it."""

PARTS: Final[tuple[Rule, ...]] = (
    Rule("aws_security_group_rule", ("security_group_id",)),
    Rule("aws_ec2_security_group_rule", ("security_group_id",)),
    Rule("aws_vpc_security_group_ingress_rule", ("security_group_id",)),
    Rule("aws_vpc_security_group_egress_rule", ("security_group_id",)),
    Rule("azurerm_*network_interface_security_group_association", ("network_interface_id",)),
    Rule("azurerm_*linux_virtual_machine", ("network_interface_ids",)),
    Rule("azurerm_*windows_virtual_machine", ("network_interface_ids",)),
)  # fmt: skip
"""What stands for the resource that it names: a rule for its group, a machine for its card."""
