output "topic_arn" {
  description = "Where the service publishes."
  value       = aws_sns_topic.events.arn
}
