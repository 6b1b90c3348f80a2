# 300 resources of three types, which one read costs one to three API calls.

resource "aws_ssm_parameter" "setting" {
  count       = 150
  name        = format("/wide/setting-%03d", count.index)
  description = "setting ${count.index}"
  type        = "String"
  value       = "value ${count.index}"
  tags        = { team = "platform", index = tostring(count.index) }
}

resource "aws_security_group" "tier" {
  count       = 100
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

resource "aws_sns_topic" "notice" {
  count = 50
  name  = "wide-notice-${count.index}"
  tags  = { index = tostring(count.index) }
}
