resource "aws_iam_role" "service" {
  name        = "mixed-service"
  description = "runs the workers"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = { team = "platform" }
}

resource "aws_iam_policy" "read" {
  name        = "mixed-read"
  description = "reads the assets"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${aws_s3_bucket.assets.arn}/*"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.service.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy" "queue" {
  name = "queue"
  role = aws_iam_role.service.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sqs:ReceiveMessage"
      Resource = aws_sqs_queue.orders.arn
    }]
  })
}

resource "aws_iam_user" "deploy" {
  name = "mixed-deploy"
  path = "/ci/"
  tags = { team = "platform" }
}

resource "aws_iam_user_policy" "deploy" {
  name = "deploy"
  user = aws_iam_user.deploy.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "*" }]
  })
}

resource "aws_iam_group" "operators" {
  name = "mixed-operators"
  path = "/staff/"
}

resource "aws_iam_group_policy" "operators" {
  name  = "operate"
  group = aws_iam_group.operators.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "ec2:Describe*", Resource = "*" }]
  })
}

resource "aws_iam_instance_profile" "web" {
  name = "mixed-web"
  role = aws_iam_role.service.name
  tags = { team = "web" }
}

resource "aws_kms_key" "main" {
  description         = "assets and secrets"
  enable_key_rotation = true
  tags                = { team = "platform" }
}

resource "aws_kms_alias" "main" {
  name          = "alias/mixed"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_secretsmanager_secret" "database" {
  name        = "mixed/database"
  description = "database password"
  tags        = { team = "data" }
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id     = aws_secretsmanager_secret.database.id
  secret_string = "correct-horse"
}

resource "aws_ssm_parameter" "token" {
  name        = "/mixed/token"
  description = "partner token"
  type        = "SecureString"
  value       = "partner-token-1"
  tags        = { team = "orders" }
}
