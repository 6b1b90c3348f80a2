# A small laboratory: most settings are left to the provider, children are resources of their own.

resource "aws_vpc" "lab" {
  cidr_block = "10.60.0.0/16"
  tags       = { Name = "lab" }
}

resource "aws_subnet" "lab" {
  vpc_id     = aws_vpc.lab.id
  cidr_block = "10.60.1.0/24"
}

resource "aws_security_group" "cache" {
  name   = "lab-cache"
  vpc_id = aws_vpc.lab.id
}

resource "aws_vpc_security_group_ingress_rule" "cache" {
  security_group_id = aws_security_group.cache.id
  cidr_ipv4         = "10.60.0.0/16"
  from_port         = 6379
  to_port           = 6379
  ip_protocol       = "tcp"
}

resource "aws_network_interface" "nic" {
  subnet_id = aws_subnet.lab.id
  tags      = { Name = "lab-nic" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.lab.id
  service_name = "com.amazonaws.us-east-1.s3"
}

resource "aws_neptune_cluster" "main" {
  cluster_identifier  = "lab"
  skip_final_snapshot = true
}

resource "aws_iam_role" "edge" {
  name = "lab-edge"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "edge_read" {
  name   = "read"
  role   = aws_iam_role.edge.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}

resource "aws_s3_bucket" "reports" {
  bucket = "lab-reports"
}

resource "aws_ec2_transit_gateway" "hub" {
  description = "lab hub"
}

resource "aws_glue_catalog_database" "lake" {
  name = "lake"
}
