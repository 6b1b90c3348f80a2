# 68 resources as people write them today: what belongs to a resource is a resource of its own, and
# most settings are left to the provider.

locals {
  reads = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::a/*" }]
  })
}

resource "aws_vpc" "net" {
  count      = 2
  cidr_block = "10.${80 + count.index}.0.0/16"
}

resource "aws_subnet" "net" {
  count      = 2
  vpc_id     = aws_vpc.net[count.index].id
  cidr_block = "10.${80 + count.index}.1.0/24"
}

resource "aws_security_group" "web" {
  count  = 6
  name   = "wide-web-${count.index}"
  vpc_id = aws_vpc.net[count.index % 2].id
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  count             = 6
  security_group_id = aws_security_group.web[count.index].id
  cidr_ipv4         = "10.80.0.0/16"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_iam_role" "job" {
  count = 6
  name  = "wide-job-${count.index}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "job" {
  count  = 6
  name   = "reads"
  role   = aws_iam_role.job[count.index].name
  policy = local.reads
}

resource "aws_s3_bucket" "data" {
  count  = 8
  bucket = "wide-data-${count.index}"
}

resource "aws_iam_user" "person" {
  count = 5
  name  = "wide-person-${count.index}"
}

resource "aws_iam_group" "team" {
  count = 3
  name  = "wide-team-${count.index}"
}

resource "aws_iam_policy" "reads" {
  name   = "wide-reads"
  policy = local.reads
}

resource "aws_sqs_queue" "work" {
  count = 5
  name  = "wide-work-${count.index}"
}

resource "aws_sns_topic" "alerts" {
  count = 4
  name  = "wide-alerts-${count.index}"
}

resource "aws_dynamodb_table" "orders" {
  count        = 4
  name         = "wide-orders-${count.index}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_ecr_repository" "images" {
  count = 3
  name  = "wide-images-${count.index}"
}

resource "aws_cloudwatch_event_bus" "events" {
  count = 2
  name  = "wide-events-${count.index}"
}

resource "aws_route53_zone" "names" {
  name = "wide.example"
}

resource "aws_kms_key" "disk" {
  count       = 2
  description = "wide disk ${count.index}"
}

resource "aws_secretsmanager_secret" "token" {
  count = 2
  name  = "wide-token-${count.index}"
}
