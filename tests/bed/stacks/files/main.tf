terraform {
  required_providers {
    archive  = { source = "hashicorp/archive" }
    external = { source = "hashicorp/external" }
    http     = { source = "hashicorp/http" }
    local    = { source = "hashicorp/local" }
    null     = { source = "hashicorp/null" }
    random   = { source = "hashicorp/random" }
    time     = { source = "hashicorp/time" }
    tls      = { source = "hashicorp/tls" }
  }
}

variable "endpoint" {}

# What these makers keep lies in the state alone, so it moves where the code does.
variable "turn" { default = "one" }

locals {
  moved = var.turn != "one"
  day   = "2026-01-01T00:00:00Z"
}

resource "local_file" "a" {
  filename = "${path.module}/out/a.txt"
  content  = "one"
}

resource "local_sensitive_file" "a" {
  filename = "${path.module}/out/secret.txt"
  content  = "the secret of the file"
}

resource "archive_file" "a" {
  type                    = "zip"
  output_path             = "${path.module}/out/a.zip"
  source_content          = "packed"
  source_content_filename = "${var.turn}.txt"
}

resource "null_resource" "a" {
  triggers = { turn = var.turn }
}

resource "random_bytes" "a" {
  length  = 8
  keepers = { turn = var.turn }
}

resource "random_id" "a" {
  byte_length = local.moved ? 9 : 8
}

resource "random_integer" "a" {
  min = 1
  max = local.moved ? 99 : 50
}

resource "random_password" "a" {
  length = local.moved ? 24 : 20
}

resource "random_pet" "a" {
  prefix = var.turn
}

resource "random_shuffle" "a" {
  input = ["a", "b", var.turn]
}

resource "random_string" "a" {
  length  = 12
  special = local.moved
}

resource "random_uuid" "a" {
  keepers = { turn = var.turn }
}

resource "random_uuid4" "a" {
  keepers = { turn = var.turn }
}

resource "random_uuid7" "a" {
  keepers = { turn = var.turn }
}

resource "time_offset" "a" {
  base_rfc3339 = local.day
  offset_days  = local.moved ? 2 : 1
}

resource "time_rotating" "a" {
  rotation_years = 40
  triggers       = { turn = var.turn }
}

resource "time_sleep" "a" {
  create_duration = local.moved ? "2ms" : "1ms"
}

resource "time_static" "a" {
  triggers = { turn = var.turn }
}

resource "tls_private_key" "base" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_private_key" "a" {
  algorithm   = "ECDSA"
  ecdsa_curve = local.moved ? "P384" : "P256"
}

resource "tls_cert_request" "a" {
  private_key_pem = tls_private_key.base.private_key_pem
  dns_names       = ["${var.turn}.test"]
}

resource "tls_cert_request" "base" {
  private_key_pem = tls_private_key.base.private_key_pem
  subject {
    common_name = "bed"
  }
}

resource "tls_self_signed_cert" "a" {
  private_key_pem       = tls_private_key.base.private_key_pem
  validity_period_hours = 9000
  allowed_uses          = local.moved ? ["cert_signing", "crl_signing"] : ["cert_signing"]
  is_ca_certificate     = true
  subject {
    common_name = "bed"
  }
}

resource "tls_self_signed_cert" "base" {
  private_key_pem       = tls_private_key.base.private_key_pem
  validity_period_hours = 9000
  allowed_uses          = ["cert_signing"]
  is_ca_certificate     = true
  subject {
    common_name = "bed"
  }
}

resource "tls_locally_signed_cert" "a" {
  cert_request_pem      = tls_cert_request.base.cert_request_pem
  ca_private_key_pem    = tls_private_key.base.private_key_pem
  ca_cert_pem           = tls_self_signed_cert.base.cert_pem
  validity_period_hours = local.moved ? 8001 : 8000
  allowed_uses          = ["server_auth"]
}

resource "terraform_data" "a" {
  input = { turn = var.turn }
}

data "http" "a" {
  url = "${var.endpoint}/answer"
}

resource "null_resource" "of_http" {
  triggers = { answer = data.http.a.response_body }
}

data "external" "a" {
  program = ["cat", "${path.module}/answer.json"]
}

resource "null_resource" "of_external" {
  triggers = { answer = data.external.a.result.answer }
}

data "local_file" "a" {
  filename = "${path.module}/answer.json"
}

resource "terraform_data" "of_local" {
  input = data.local_file.a.content
}
