# An instance behind a load balancer's target group, and the group of rules that guards it.

resource "aws_vpc" "net" {
  cidr_block = "10.60.0.0/16"
}

resource "aws_subnet" "net" {
  vpc_id            = aws_vpc.net.id
  cidr_block        = "10.60.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "web" {
  name        = "balanced-web"
  description = "https from the network only"
  vpc_id      = aws_vpc.net.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.60.0.0/16"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.60.0.0/16"]
  }
}

resource "aws_instance" "web" {
  ami                    = "ami-12c6146b"
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.net.id
  vpc_security_group_ids = [aws_security_group.web.id]
}

resource "aws_lb_target_group" "web" {
  name     = "balanced-web"
  port     = 8080
  protocol = "HTTP"
  vpc_id   = aws_vpc.net.id
}

resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web.id
  port             = 8080
}

resource "aws_sns_topic" "alerts" {
  name         = "balanced-alerts"
  display_name = "Balanced"
}

output "attached" {
  value = aws_lb_target_group_attachment.web.id
}
