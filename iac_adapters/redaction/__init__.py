"""No secret leaves an adapter: values become keyed digests, texts lose what is secret in them."""
