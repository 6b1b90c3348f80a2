locals {
  parameters = { for number in range(60) : format("setting-%03d", number) => "value ${number}" }
  regional   = { for number in range(30) : format("region.%03d", number) => "value ${number}" }
}

resource "aws_ssm_parameter" "setting" {
  for_each    = local.parameters
  name        = "/wide/${each.key}"
  description = "setting ${each.key}"
  type        = "String"
  value       = each.value
  tags        = { team = "platform", index = each.key }
}

resource "aws_ssm_parameter" "west" {
  for_each = local.regional
  provider = aws.west
  name     = "/wide/west/${each.key}"
  type     = "String"
  value    = each.value
}

resource "aws_ssm_parameter" "europe" {
  for_each = local.regional
  provider = aws.europe
  name     = "/wide/europe/${each.key}"
  type     = "String"
  value    = each.value
}

resource "aws_security_group" "tier" {
  count       = 60
  name        = "wide-tier-${count.index}"
  description = "tier ${count.index}"

  ingress {
    from_port   = 8000 + count.index
    to_port     = 8000 + count.index
    protocol    = "tcp"
    cidr_blocks = ["10.${count.index}.0.0/16"]
  }

  tags = { tier = tostring(count.index) }
}

resource "aws_security_group" "west" {
  count       = 20
  provider    = aws.west
  name        = "wide-west-${count.index}"
  description = "west ${count.index}"

  dynamic "ingress" {
    for_each = toset(["443", "8443"])

    content {
      from_port   = tonumber(ingress.value)
      to_port     = tonumber(ingress.value)
      protocol    = "tcp"
      cidr_blocks = ["10.${count.index}.0.0/16"]
    }
  }
}
