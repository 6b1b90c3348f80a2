resource "aws_iam_role" "worker" {
  name        = "webshop-worker"
  description = "takes orders"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = { team = "orders" }
}

resource "aws_iam_role_policy" "worker" {
  name = "orders"
  role = aws_iam_role.worker.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sns:Subscribe", "sns:Unsubscribe"]
      Resource = aws_sns_topic.orders.arn
    }]
  })
}

resource "aws_iam_user" "deploy" {
  name = "webshop-deploy"
  tags = { team = "platform" }
}
