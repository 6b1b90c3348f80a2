variable "name" {
  description = "Name of the service: lower-case letters and dashes."
  type        = string
}

variable "label" {
  description = "Name as people write it."
  type        = string
}

variable "topics" {
  description = "What the service works on."
  type        = list(string)
}

variable "ports" {
  description = "Where the service listens."
  type        = list(number)
}

variable "password" {
  description = "Password of the service."
  type        = string
  sensitive   = true
}
