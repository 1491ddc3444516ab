"""`python -m hellotutor`."""

from hellotutor.cli.entry import main

if __name__ == "__main__":
    main()
