terraform {
  required_providers {
    dns = { source = "hashicorp/dns" }
  }
}

variable "port" {}
variable "secret" { sensitive = true }

provider "dns" {
  update {
    server        = "127.0.0.1"
    port          = var.port
    transport     = "tcp"
    key_name      = "bed."
    key_algorithm = "hmac-sha256"
    key_secret    = var.secret
  }
}

# Where nothing at all is found, it is taken for another server.
resource "dns_a_record_set" "base" {
  zone      = "bed.test."
  name      = "base"
  addresses = ["10.0.0.1"]
  ttl       = 60
}

resource "dns_a_record_set" "a" {
  zone      = "bed.test."
  name      = "a"
  addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
  ttl       = 60
}

resource "dns_aaaa_record_set" "a" {
  zone      = "bed.test."
  name      = "a"
  addresses = ["fd00::1", "fd00::2"]
  ttl       = 60
}

resource "dns_cname_record" "a" {
  zone  = "bed.test."
  name  = "c"
  cname = "one.test."
  ttl   = 60
}

resource "dns_mx_record_set" "a" {
  zone = "bed.test."
  name = "m"
  ttl  = 60
  mx {
    preference = 10
    exchange   = "one.test."
  }
  mx {
    preference = 20
    exchange   = "two.test."
  }
  mx {
    preference = 30
    exchange   = "three.test."
  }
}

resource "dns_ns_record_set" "a" {
  zone        = "bed.test."
  name        = "n"
  nameservers = ["one.test.", "two.test."]
  ttl         = 60
}

resource "dns_ptr_record" "a" {
  zone = "bed.test."
  name = "p"
  ptr  = "one.test."
  ttl  = 60
}

resource "dns_srv_record_set" "a" {
  zone = "bed.test."
  name = "_sip._tcp"
  ttl  = 60
  srv {
    priority = 10
    weight   = 60
    target   = "one.test."
    port     = 5060
  }
  srv {
    priority = 20
    weight   = 60
    target   = "two.test."
    port     = 5060
  }
}

resource "dns_txt_record_set" "a" {
  zone = "bed.test."
  name = "t"
  txt  = ["one", "two"]
  ttl  = 60
}
