"""`python -m disjoint`: the command line, where no script is installed."""

from disjoint.cli.main import main

if __name__ == "__main__":
    main()
