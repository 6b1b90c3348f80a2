terraform {
  required_providers {
    postgresql = { source = "cyrilgdn/postgresql" }
  }
}

variable "port" {}

provider "postgresql" {
  host     = "127.0.0.1"
  port     = var.port
  username = "trueup"
  sslmode  = "disable"
}

resource "postgresql_role" "base" {
  name = "bed_base"
}

resource "postgresql_role" "a" {
  name             = "bed_a"
  login            = true
  connection_limit = 5
  password         = "the secret of the role"
}

# Whom a role is granted to is told by the grant as well.
resource "postgresql_role" "member" {
  name = "bed_member"
  lifecycle {
    ignore_changes = [roles]
  }
}

resource "postgresql_database" "base" {
  name = "bed"
}

resource "postgresql_database" "a" {
  name             = "bed_a"
  connection_limit = 7
}

resource "postgresql_schema" "base" {
  name     = "base"
  database = postgresql_database.base.name
}

resource "postgresql_schema" "a" {
  name     = "a"
  database = postgresql_database.base.name
  owner    = postgresql_role.base.name
}

resource "postgresql_extension" "a" {
  name     = "hstore"
  database = postgresql_database.base.name
  schema   = "public"
}

resource "postgresql_extension" "fdw" {
  name = "postgres_fdw"
}

resource "postgresql_function" "a" {
  name     = "bed_a"
  database = postgresql_database.base.name
  returns  = "integer"
  language = "sql"
  arg {
    name = "i"
    type = "integer"
  }
  body = "SELECT i + 1;"
}

resource "postgresql_grant" "a" {
  database    = postgresql_database.base.name
  role        = postgresql_role.base.name
  schema      = postgresql_schema.base.name
  object_type = "schema"
  privileges  = ["CREATE", "USAGE"]
}

resource "postgresql_default_privileges" "a" {
  database    = postgresql_database.base.name
  role        = postgresql_role.base.name
  schema      = postgresql_schema.base.name
  owner       = "trueup"
  object_type = "table"
  privileges  = ["SELECT", "INSERT"]
}

resource "postgresql_grant_role" "a" {
  role       = postgresql_role.member.name
  grant_role = "pg_monitor"
}

resource "postgresql_physical_replication_slot" "a" {
  name = "bed_physical"
}

resource "postgresql_replication_slot" "a" {
  name     = "bed_logical"
  plugin   = "pgoutput"
  database = postgresql_database.base.name
}

resource "postgresql_publication" "a" {
  name          = "bed_a"
  database      = postgresql_database.base.name
  all_tables    = true
  publish_param = ["insert", "update"]
}

resource "postgresql_server" "a" {
  server_name = "bed_a"
  fdw_name    = postgresql_extension.fdw.name
  options     = { host = "one.test", port = "5432" }
}

resource "postgresql_user_mapping" "a" {
  server_name = postgresql_server.a.server_name
  user_name   = postgresql_role.base.name
  options     = { user = "someone" }
}
