resource "aws_sqs_queue" "orders" {
  name                       = "webshop-orders"
  visibility_timeout_seconds = 45
  message_retention_seconds  = 345600
  tags                       = { team = "orders" }
}

resource "aws_sns_topic" "shipped" {
  name         = "webshop-shipped"
  display_name = "Shipped orders"
  tags         = { team = "orders" }
}

resource "aws_dynamodb_table" "orders" {
  name         = "webshop-orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "order_id"

  attribute {
    name = "order_id"
    type = "S"
  }

  tags = { team = "orders" }
}

resource "aws_ssm_parameter" "payment_key" {
  name        = "/webshop/payment-key"
  description = "key of the payment partner"
  type        = "SecureString"
  value       = var.payment_key
  tags        = { team = "orders" }
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/webshop/worker"
  retention_in_days = 30
  tags              = { team = "orders" }
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  alarm_name          = "webshop-backlog"
  alarm_description   = "orders wait too long"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "ApproximateAgeOfOldestMessage"
  namespace           = "AWS/SQS"
  period              = 60
  statistic           = "Maximum"
  threshold           = 300
  alarm_actions       = [aws_sns_topic.shipped.arn]
  dimensions          = { QueueName = aws_sqs_queue.orders.name }
}
