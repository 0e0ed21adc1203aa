"""Small programs that run as processes of their own beside the servers from wheels."""
