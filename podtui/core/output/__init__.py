"""The output of runs: files, index, cursors, pages of lines, search."""
