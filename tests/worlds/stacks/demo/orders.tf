# Not a queue: the provider waits 25 s for the attributes of a new one, on any cloud.
resource "aws_sns_topic" "orders" {
  name         = "webshop-orders"
  display_name = "Orders"
  tags         = { team = "orders" }
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
  alarm_description   = "orders do not arrive"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "NumberOfNotificationsFailed"
  namespace           = "AWS/SNS"
  period              = 60
  statistic           = "Maximum"
  threshold           = 300
  alarm_actions       = [aws_sns_topic.shipped.arn]
  dimensions          = { TopicName = aws_sns_topic.orders.name }
}
