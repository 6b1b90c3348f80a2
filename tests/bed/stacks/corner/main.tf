terraform {
  required_providers {
    framework = { source = "hashicorp/framework" }
  }
}

resource "framework_customtype" "a" {
  ip_v4_attribute           = "10.0.0.1"
  ip_v4_cidr_attribute      = "10.0.0.0/8"
  ip_v6_attribute           = "fd00::1"
  json_exact_attribute      = jsonencode({ a = 1 })
  json_normalized_attribute = jsonencode({ a = 1, b = [2] })
  time_rfc3339_attribute    = "2026-01-01T00:00:00Z"
}

resource "framework_dynamic_computed_type_change" "a" {
  required_dynamic = "one"
}

resource "framework_float32_precision" "a" {
  float32_attribute = 0.1
}

resource "framework_float64_precision" "a" {
  float64_attribute = 0.1
}

resource "framework_identity" "a" {
  name = "tom"
}

resource "framework_schema" "a" {
  bool_attribute                = true
  dynamic_attribute             = { one = ["a"] }
  float32_attribute             = 1.5
  float64_attribute             = 2.5
  int32_attribute               = 3
  int64_attribute               = 4
  list_attribute                = ["a", "b"]
  list_nested_attribute         = [{ list_nested_attribute_attribute = "a" }]
  map_attribute                 = { a = "1", "b.c" = "2" }
  map_nested_attribute          = { a = { map_nested_attribute_attribute = "1" } }
  number_attribute              = 12345678901234567890
  object_attribute              = { object_attribute_attribute = "a" }
  object_attribute_with_dynamic = { dynamic_attribute = 7 }
  set_attribute                 = ["a", "b"]
  set_nested_attribute          = [{ set_nested_attribute_attribute = "a" }, { set_nested_attribute_attribute = "b" }]
  single_nested_attribute       = { single_nested_attribute_attribute = "a" }
  string_attribute              = "a"
}

resource "framework_set_nested_attribute_with_defaults" "a" {
  set = [{ value = "zero" }]
}

resource "framework_set_nested_block_with_defaults" "a" {
  set {
    value = "zero"
  }
}

resource "framework_timeouts" "a" {
  timeouts = { create = "60s" }
}

resource "framework_timetypes" "a" {
  go_duration = "1h"
  rfc3339     = "2026-01-01T00:00:00Z"
}

resource "framework_user" "a" {
  name  = "one"
  email = "one@bed.test"
  age   = 30
}

resource "framework_writeonce" "a" {
  trigger_attr     = "one"
  writeonce_string = "fakepassword"
}

resource "framework_writeonly" "a" {
  writeonly_custom_ipv6 = "::"
  writeonly_string      = "fakepassword"
  writeonly_list        = ["fake", "password"]
  writeonly_nested_object = {
    writeonly_int64       = 1234
    writeonly_bool        = true
    writeonly_nested_list = [{ writeonly_string = "fakepassword1" }, { writeonly_string = "fakepassword2" }]
  }
  nested_map = {
    key1 = { string_attr = "value1", writeonly_float64 = 10 }
  }
  nested_block_list {
    string_attr      = "value1"
    writeonly_string = "fakepassword1"
    double_nested_object {
      bool_attr      = true
      writeonly_bool = false
    }
  }
}

resource "framework_writeonly_import" "a" {
  string_attr      = "hello world!"
  writeonly_string = "fakepassword"
}

resource "framework_writeonly_upgrade" "a" {
  string_attr      = "hello world!"
  writeonly_string = "fakepassword"
}

resource "framework_writeonly_validations" "a" {
  writeonly_password = "newpassword"
  password_version   = "v1"
}
