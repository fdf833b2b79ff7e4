"""`python -m numloom`: script mode."""

from numloom._script.main import main

if __name__ == "__main__":
    main()
