"""Script mode: an unmodified NumPy script on Numloom.

`main` reads the command line, `mode` switches the process, `usercode` decides whose imports are redirected, `redirect` does
it, `launch` runs the program as python would, and `children` sees to processes that multiprocessing starts.
"""
