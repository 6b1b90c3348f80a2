terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.primary, aws.secondary]
    }
  }
}

variable "name" {
  description = "Name of the pair."
  type        = string
}

resource "aws_ssm_parameter" "primary" {
  provider = aws.primary
  name     = "/modules/${var.name}"
  type     = "String"
  value    = "primary"
}

resource "aws_ssm_parameter" "secondary" {
  provider = aws.secondary
  name     = "/modules/${var.name}"
  type     = "String"
  value    = "copy of ${aws_ssm_parameter.primary.value}"
}

resource "aws_sns_topic" "secondary" {
  provider = aws.secondary
  name     = "modules-${var.name}"
}
