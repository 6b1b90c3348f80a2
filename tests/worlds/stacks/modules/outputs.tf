output "topics" {
  description = "Topic addresses by service."
  value       = { for key, service in module.service : key => service.topic_arn }
}

output "password" {
  description = "For the application."
  value       = var.password
  sensitive   = true
}
