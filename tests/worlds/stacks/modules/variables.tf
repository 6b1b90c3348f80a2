variable "password" {
  description = "Password of the service database."
  type        = string
  sensitive   = true
  default     = "correct-horse-battery"
}

variable "release" {
  description = "Replaces the release marker when it changes."
  type        = string
  default     = "2024.1"
}
