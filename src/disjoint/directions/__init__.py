"""Compare rows where no process holds both sides: digests of one side travel in a file to the other.

take       staging's credentials     read what it holds, as digests, into a file          -> file, sent up
compare    production's credentials  read its own with the file's sieve, and compare      -> proof
learn      a seeded database's       read what every fresh database holds                 -> baseline

Going up, nothing of production's travels but a verdict and counts.
"""
