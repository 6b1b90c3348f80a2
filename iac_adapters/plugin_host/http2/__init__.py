"""As much of HTTP/2 as unary gRPC calls to a local plugin need."""
