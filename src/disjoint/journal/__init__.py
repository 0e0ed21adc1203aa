"""What happened, in one chain that can be lengthened and not changed."""
