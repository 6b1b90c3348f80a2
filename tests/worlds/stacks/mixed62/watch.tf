resource "aws_cloudwatch_log_group" "worker" {
  name              = "/mixed/worker"
  retention_in_days = 30
  tags              = { team = "web" }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "mixed-errors"
  alarm_description   = "the worker fails"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "Errors"
  namespace           = "Mixed"
  period              = 60
  statistic           = "Sum"
  threshold           = 5
  alarm_actions       = [aws_sns_topic.alerts.arn]
  tags                = { team = "web" }
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "mixed-nightly"
  description         = "starts the nightly run"
  schedule_expression = "cron(0 2 * * ? *)"
  state               = "ENABLED"
  tags                = { team = "web" }
}

resource "aws_cloudwatch_event_target" "nightly" {
  rule      = aws_cloudwatch_event_rule.nightly.name
  target_id = "worker"
  arn       = aws_lambda_function.worker.arn
  input     = jsonencode({ mode = "full" })
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "mixed"
  dashboard_body = jsonencode({
    widgets = [{ type = "text", x = 0, y = 0, width = 3, height = 3, properties = { markdown = "mixed" } }]
  })
}

resource "aws_route53_zone" "main" {
  name    = "mixed.example"
  comment = "shop"
  tags    = { team = "web" }
}

resource "aws_route53_record" "www" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "www.mixed.example"
  type    = "A"
  ttl     = 300
  records = ["192.0.2.10"]
}

resource "aws_api_gateway_rest_api" "shop" {
  name        = "mixed-shop"
  description = "the shop"
  tags        = { team = "web" }
}
