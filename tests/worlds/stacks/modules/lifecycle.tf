# Parts of these belong to others: what `ignore_changes` names is no drift.

resource "aws_ssm_parameter" "rotated_elsewhere" {
  name        = "/modules/rotated-elsewhere"
  description = "the rotation job owns the value"
  type        = "SecureString"
  value       = "first-value"

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_sns_topic" "labelled_elsewhere" {
  name = "modules-labelled-elsewhere"
  tags = { team = "platform", "cost.center" = "42" }

  lifecycle {
    ignore_changes = [tags["cost.center"], tags_all["cost.center"]]
  }
}

resource "aws_cloudwatch_log_group" "abandoned" {
  name              = "/modules/abandoned"
  retention_in_days = 30

  lifecycle {
    ignore_changes = all
  }
}

resource "aws_security_group" "opened_elsewhere" {
  name_prefix = "modules-opened-elsewhere-"
  description = "rules belong to the controller"

  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [ingress]
  }
}

resource "aws_secretsmanager_secret" "database" {
  name = "modules/database"
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id                = aws_secretsmanager_secret.database.id
  secret_string_wo         = var.password
  secret_string_wo_version = 1
}

resource "aws_ssm_parameter" "write_only" {
  name             = "/modules/write-only"
  type             = "SecureString"
  value_wo         = var.password
  value_wo_version = 1
}
