data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [for service in module.service : service.topic_arn]
  }
}

locals {
  services = {
    "shop.front"       = { topics = ["orders", "refunds"], ports = [443, 8443] }
    "shop/back"        = { topics = ["stock"], ports = [9000] }
    "say \"checkout\"" = { topics = [], ports = [] }
  }
}

module "service" {
  source   = "./modules/service"
  for_each = local.services

  name     = replace(each.key, "/[^a-z]+/", "-")
  label    = each.key
  topics   = each.value.topics
  ports    = each.value.ports
  password = var.password
}

module "replica" {
  source = "./modules/replica"
  count  = 2

  providers = {
    aws.primary   = aws
    aws.secondary = aws.west
  }

  name = "replica-${count.index}"
}

resource "aws_iam_policy" "worker" {
  name   = "modules-worker-${data.aws_region.current.name}"
  policy = data.aws_iam_policy_document.worker.json
}

resource "terraform_data" "release" {
  input            = { account = data.aws_caller_identity.current.account_id, number = 7 }
  triggers_replace = [var.release]
}

resource "aws_ssm_parameter" "renamed" {
  name  = "/modules/renamed"
  type  = "String"
  value = "kept"
}

moved {
  from = aws_ssm_parameter.old
  to   = aws_ssm_parameter.renamed
}
