terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_sns_topic" "events" {
  name         = "modules-${var.name}"
  display_name = var.label
}

resource "aws_security_group" "this" {
  name        = "modules-${var.name}"
  description = "service ${var.name}"

  dynamic "ingress" {
    for_each = var.ports

    content {
      description = "port ${ingress.value}"
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ssm_parameter" "password" {
  name  = "/modules/${var.name}/password"
  type  = "SecureString"
  value = var.password
  tags  = { label = var.name }
}

module "worker" {
  source   = "./modules/worker"
  for_each = toset(var.topics)

  name    = "modules-${var.name}-${each.key}"
  subject = aws_sns_topic.events.arn
}
