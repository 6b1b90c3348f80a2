# More plugins beside those of the beds: other configurations are other processes.
terraform {
  required_providers {
    aws        = { source = "hashicorp/aws" }
    postgresql = { source = "cyrilgdn/postgresql" }
    tls        = { source = "hashicorp/tls" }
  }
}

variable "port" {}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

provider "aws" {
  alias                       = "west"
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

provider "postgresql" {
  host            = "127.0.0.1"
  port            = var.port
  username        = "trueup"
  sslmode         = "disable"
  connect_timeout = 30
}

provider "tls" {
  proxy { from_env = true }
}

resource "aws_sqs_queue" "here" {
  name = "more-here"
}

resource "aws_security_group" "here" {
  name = "more-here"
}

resource "aws_sqs_queue" "west" {
  provider = aws.west
  name     = "more-west"
}

resource "postgresql_role" "more" {
  name = "bed_more"
}

resource "tls_private_key" "more" {
  algorithm = "ED25519"
}
