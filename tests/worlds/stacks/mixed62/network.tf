resource "aws_vpc" "main" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "mixed", team = "platform" }
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.20.1.0/24"
  availability_zone = "us-east-1a"
  tags              = { Name = "mixed-a" }
}

resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.20.2.0/24"
  availability_zone = "us-east-1b"
  tags              = { Name = "mixed-b" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "mixed" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }

  tags = { Name = "mixed-public" }
}

resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "edge" {
  domain = "vpc"
  tags   = { Name = "mixed-edge" }
}

resource "aws_network_acl" "main" {
  vpc_id = aws_vpc.main.id

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "10.20.0.0/16"
    from_port  = 443
    to_port    = 443
  }

  tags = { Name = "mixed" }
}

resource "aws_security_group" "web" {
  name        = "mixed-web"
  description = "web servers"
  vpc_id      = aws_vpc.main.id

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.20.0.0/16"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { team = "web" }
}

resource "aws_security_group" "database" {
  name        = "mixed-database"
  description = "databases"
  vpc_id      = aws_vpc.main.id
  tags        = { team = "data" }
}

resource "aws_security_group_rule" "database" {
  type              = "ingress"
  security_group_id = aws_security_group.database.id
  from_port         = 5432
  to_port           = 5432
  protocol          = "tcp"
  cidr_blocks       = ["10.20.1.0/24"]
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id = aws_security_group.database.id
  from_port         = 5433
  to_port           = 5433
  ip_protocol       = "tcp"
  cidr_ipv4         = "10.20.2.0/24"
  description       = "replica"
}

resource "aws_network_interface" "spare" {
  subnet_id       = aws_subnet.a.id
  description     = "spare"
  security_groups = [aws_security_group.web.id]
  tags            = { Name = "mixed-spare" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.main.id
  service_name = "com.amazonaws.us-east-1.s3"
  tags         = { Name = "mixed-s3" }
}
