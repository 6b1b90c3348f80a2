terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  description = "Name of the worker."
  type        = string
}

variable "subject" {
  description = "Topic the worker listens to."
  type        = string
}

resource "aws_cloudwatch_log_group" "worker" {
  count             = 2
  name              = "/${var.name}/${count.index}"
  retention_in_days = 14
}

resource "aws_dynamodb_table" "work" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  tags = { subject = var.subject }
}
