resource "aws_s3_bucket" "reports" {
  bucket = "children-reports"
}

resource "aws_s3_bucket" "private" {
  bucket = "children-private"
}

resource "aws_s3_bucket_public_access_block" "private" {
  bucket            = aws_s3_bucket.private.id
  block_public_acls = true
}

resource "aws_iam_user" "ana" {
  name = "children-ana"
}

resource "aws_iam_user" "ben" {
  name = "children-ben"
}

resource "aws_iam_user_policy" "ben_reads" {
  name = "reads"
  user = aws_iam_user.ben.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::a/*" }]
  })
}

resource "aws_iam_group" "admins" {
  name = "admins"
}

resource "aws_iam_group_membership" "admins" {
  name  = "children-admins"
  group = aws_iam_group.admins.name
  users = [aws_iam_user.ben.name]
}

resource "aws_iam_policy" "read" {
  name = "children-read"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::a/*" }]
  })
}

resource "aws_iam_user_policy_attachment" "ben_reads" {
  user       = aws_iam_user.ben.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role" "service" {
  name = "children-service"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "handler" {
  function_name = "children-handler"
  role          = aws_iam_role.service.arn
  handler       = "index.handler"
  runtime       = "python3.12"
  filename      = "${path.module}/function.zip"
}

resource "aws_ecr_repository" "images" {
  name = "children-images"
}

resource "aws_efs_file_system" "files" {
  creation_token = "children-files"
}

resource "aws_cloudwatch_event_bus" "events" {
  name = "children-events"
}

resource "aws_dynamodb_table" "orders" {
  name         = "children-orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_secretsmanager_secret" "token" {
  name = "children-token"
}

resource "aws_cognito_user_pool" "people" {
  name = "children-people"
}

resource "aws_vpc" "main" {
  cidr_block = "10.70.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.70.1.0/24"
}

resource "aws_security_group" "web" {
  name   = "children-web"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "default" {
  security_group_id = aws_vpc.main.default_security_group_id
  cidr_ipv4         = "10.70.0.0/16"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_route53_zone" "names" {
  name = "children.example"
}

resource "aws_ec2_transit_gateway" "hub" {
  description = "children hub"
}
