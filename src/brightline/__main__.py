"""`python -m brightline`."""

from brightline.doors.cli.main import run

if __name__ == "__main__":
    run()
