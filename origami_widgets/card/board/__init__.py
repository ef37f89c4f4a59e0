"""Many runs in one compact list."""
