terraform {
  required_providers {
    rabbitmq = { source = "cyrilgdn/rabbitmq" }
  }
}

variable "endpoint" {}
variable "username" {}
variable "password" {}

provider "rabbitmq" {
  endpoint = var.endpoint
  username = var.username
  password = var.password
}

resource "rabbitmq_vhost" "base" {
  name = "bed"
}

resource "rabbitmq_vhost" "a" {
  name        = "bed_a"
  max_queues  = "10"
  description = "one"
}

resource "rabbitmq_user" "base" {
  name     = "bed_base"
  password = "the secret of the base"
}

resource "rabbitmq_user" "a" {
  name     = "bed_a"
  password = "the secret of the user"
  tags     = ["monitoring", "policymaker"]
}

resource "rabbitmq_permissions" "a" {
  user  = rabbitmq_user.base.name
  vhost = rabbitmq_vhost.base.name
  permissions {
    configure = "^one"
    write     = "^one"
    read      = ".*"
  }
}

resource "rabbitmq_topic_permissions" "a" {
  user  = rabbitmq_user.base.name
  vhost = rabbitmq_vhost.base.name
  permissions {
    exchange = "amq.topic"
    write    = "^one"
    read     = "^one"
  }
}

resource "rabbitmq_exchange" "base" {
  name  = "base"
  vhost = rabbitmq_vhost.base.name
  settings {
    type    = "fanout"
    durable = true
  }
}

resource "rabbitmq_exchange" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  settings {
    type    = "topic"
    durable = true
  }
}

resource "rabbitmq_queue" "base" {
  name  = "base"
  vhost = rabbitmq_vhost.base.name
  settings {
    durable = true
  }
}

resource "rabbitmq_queue" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  settings {
    durable        = true
    arguments_json = jsonencode({ "x-message-ttl" = 5000 })
  }
}

resource "rabbitmq_binding" "a" {
  source           = rabbitmq_exchange.base.name
  vhost            = rabbitmq_vhost.base.name
  destination      = rabbitmq_queue.base.name
  destination_type = "queue"
  routing_key      = "one"
}

resource "rabbitmq_policy" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  policy {
    pattern    = "^nothing"
    priority   = 1
    apply_to   = "queues"
    definition = { "max-length" = "100", "expires" = "9000" }
  }
}

resource "rabbitmq_operator_policy" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  policy {
    pattern    = "^nothing"
    priority   = 1
    apply_to   = "queues"
    definition = { "max-length" = "200" }
  }
}

resource "rabbitmq_federation_upstream" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  definition {
    uri            = "amqp://127.0.0.1:9"
    prefetch_count = 500
  }
}

resource "rabbitmq_shovel" "a" {
  name  = "a"
  vhost = rabbitmq_vhost.base.name
  info {
    source_uri            = "amqp://127.0.0.1:9"
    source_queue          = "from"
    destination_uri       = "amqp://127.0.0.1:9"
    destination_queue     = "to"
    source_prefetch_count = 100
  }
}
