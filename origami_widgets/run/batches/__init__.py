"""Many runs that were asked for at once, each paid for once."""
