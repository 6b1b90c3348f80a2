resource "aws_security_group" "web" {
  name        = "small-web"
  description = "web servers"

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  tags = { team = "web" }
}

resource "aws_ssm_parameter" "token" {
  name  = "/small/token"
  type  = "SecureString"
  value = "partner-token-1"
  tags  = { team = "orders" }
}

resource "aws_sns_topic" "alerts" {
  name         = "small-alerts"
  display_name = "Alerts"
  tags         = { team = "platform" }
}

resource "aws_dynamodb_table" "orders" {
  name         = "small-orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  tags = { team = "data" }
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/small/worker"
  retention_in_days = 30
  tags              = { team = "web" }
}
