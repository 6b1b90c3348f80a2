# The webshop: customers reach the front end, orders pass a topic into a table.

resource "aws_vpc" "shop" {
  cidr_block = "10.40.0.0/16"
  tags       = { Name = "webshop", team = "platform" }
}

resource "aws_subnet" "front" {
  vpc_id            = aws_vpc.shop.id
  cidr_block        = "10.40.1.0/24"
  availability_zone = "us-east-1a"
  tags              = { Name = "webshop-front" }
}

resource "aws_subnet" "back" {
  vpc_id            = aws_vpc.shop.id
  cidr_block        = "10.40.2.0/24"
  availability_zone = "us-east-1b"
  tags              = { Name = "webshop-back" }
}

resource "aws_security_group" "front" {
  name        = "webshop-front"
  description = "customers reach the shop by https only"
  vpc_id      = aws_vpc.shop.id

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.40.0.0/16"]
  }

  tags = { team = "web" }
}

resource "aws_lb_target_group" "front" {
  name     = "webshop-front"
  port     = 8080
  protocol = "HTTP"
  vpc_id   = aws_vpc.shop.id

  health_check {
    path     = "/healthz"
    interval = 15
  }

  tags = { team = "web" }
}
