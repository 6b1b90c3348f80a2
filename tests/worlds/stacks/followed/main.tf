# What refers to a thing that somebody can change by hand, and what somebody can change besides.

data "aws_ami" "any" {
  most_recent = true
  owners      = ["amazon"]
}

resource "aws_vpc" "main" {
  cidr_block = "10.70.0.0/16"
}

resource "aws_subnet" "main" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.70.1.0/24"
}

resource "aws_launch_template" "web" {
  name          = "followed-web"
  image_id      = data.aws_ami.any.id
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "web" {
  name                = "followed-web"
  min_size            = 0
  max_size            = 1
  vpc_zone_identifier = [aws_subnet.main.id]

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }
}

resource "aws_instance" "web" {
  ami                         = data.aws_ami.any.id
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.main.id
  associate_public_ip_address = true
}

resource "aws_route53_zone" "main" {
  name = "followed.test"
}

resource "aws_route53_record" "web" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "web"
  type    = "A"
  ttl     = 60
  records = [aws_instance.web.public_ip]
}

resource "aws_ssm_parameter" "address" {
  name           = "followed-address"
  type           = "String"
  insecure_value = aws_instance.web.public_ip
}

resource "aws_kinesis_stream" "orders" {
  name        = "followed-orders"
  shard_count = 1
}
