variable "payment_key" {
  description = "Key of the payment partner."
  type        = string
  sensitive   = true
  default     = "payment-key-of-the-demo"
}
