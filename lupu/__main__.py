"""``python -m lupu``."""

from lupu.commands import main

if __name__ == "__main__":
    main()
